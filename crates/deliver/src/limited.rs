//! Lists cut to what a device holds, and what was left out of them.

use policy::{Level, MemberId};
use watch::Kind;

use crate::artefact::{Artefact, LeftOut};
use crate::ask::Options;
use crate::choose::choose;
use crate::device::Limits;
use crate::gather::{Deliver, DeliverError};
use crate::list::{Form, body, comment_of, content_type, file_name, listed, table_head_bytes};

impl Options {
    /// Whether a device's limits are asked about.
    pub(crate) const fn has_limits(&self) -> bool {
        self.device.is_some() || self.entries.is_some() || self.line_bytes.is_some() || self.left_out
    }
}

impl Deliver {
    /// What options say of limits: those of a device, and what is said beside.
    fn limits(&self, options: &Options) -> Result<Limits, DeliverError> {
        let mut limits = match &options.device {
            Some(name) => {
                let device = self.devices.get(name);
                device.ok_or_else(|| DeliverError::DeviceUnknown(name.clone()))?.limits.clone()
            }
            None => Limits::default(),
        };
        if let Some(entries) = options.entries {
            limits.entries = Some(limits.entries.map_or(entries, |most| most.min(entries)));
            limits.entries_of.values_mut().for_each(|most| *most = entries.min(*most));
        }
        if let Some(line) = options.line_bytes {
            limits.line_bytes = Some(limits.line_bytes.map_or(line, |most| most.min(line)));
        }
        Ok(limits)
    }

    /// A list that keeps to limits, or what they leave out of it.
    pub(crate) fn limited_list(
        &self,
        member: MemberId,
        (kind, form): (Option<Kind>, Form),
        options: &Options,
        encrypted: bool,
    ) -> Result<Artefact, DeliverError> {
        if options.since.is_some() {
            return Err(DeliverError::NotFor(
                "changes since a number are told for whole lists: leave the limits out, or since",
            ));
        }
        let limits = self.limits(options)?;
        // This form joins addresses to networks, which such a device would drop.
        if form == Form::Cidr && !limits.networks {
            return Err(DeliverError::NotFor(
                "the device takes no networks, which the form cidr makes of addresses: ask for the list without .cidr",
            ));
        }
        let gathered = self.gather(member, Level::List, encrypted)?;
        let relevant = self.relevant(member, encrypted)?;
        let entries = listed(&gathered, kind);
        let count = entries.len();
        let comment = comment_of(form).filter(|_| limits.comments);
        let head = |of_left_out: bool, kept: usize, left_out: usize| {
            comment.map_or_else(String::new, |comment| {
                let device = options.device.as_deref().unwrap_or("these limits");
                let (what, other) =
                    if of_left_out { (left_out, "that are left out") } else { (kept, "that go") };
                format!(
                    "{}{comment} {what} values {other}, of {count}, for {device}; {left_out} left out\n",
                    self.list_head(&gathered, (kind, form))
                )
            })
        };
        // No number is longer than that of all; and what goes and what is left out are chosen with the same room.
        let longest =
            [true, false].map(|of_left_out| head(of_left_out, count, count).len()).into_iter().max();
        let taken = if form == Form::Csv { table_head_bytes() } else { longest.unwrap_or_default() };
        let room = limits.bytes.map_or(usize::MAX, |bytes| bytes.saturating_sub(taken));
        let choice = choose(&gathered, entries, (kind, form), &limits, room, &relevant);
        let left_out = LeftOut { kept: choice.kept.len(), left_out: choice.left_out.len() };
        let wanted = if options.left_out { &choice.left_out } else { &choice.kept };
        let (body, count) =
            body(&head(options.left_out, left_out.kept, left_out.left_out), wanted, (kind, form))?;
        Ok(Artefact::new(content_type(form), file_name(kind, form), body, count).leaving_out(left_out))
    }
}
