//! Members for whom a circle's releases are the same, so that what was worked out for one serves the others.
//!
//! A decision looks at a member in few ways: whether it brought the object or is named in its terms, what it may do in the
//! circle, its clearance and its level (`policy::release`). Members that have neither brought anything nor are named
//! anywhere in a line differ by the last three alone.

use std::collections::HashSet;

use line::{Catalogue, LineId};
use policy::{Access, CircleId, Level, MemberId, Terms};
use stix::Tlp;

use crate::reader::Reader;

/// Whom a circle's releases are the same for, in one form and over one kind of channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience {
    circle: CircleId,
    clearance: Tlp,
    access: Access,
    is_high_enough: bool,
    wanted: Level,
    encrypted: bool,
}

/// Who has brought something to a line, and who is named in terms there.
#[derive(Debug, Default)]
pub(crate) struct Parties {
    /// How many classes were looked at.
    classes: usize,
    members: HashSet<MemberId>,
}

impl Parties {
    /// Looks at the classes that have come up since. Terms that can't be read hold for everybody, and name nobody.
    fn catch_up(&mut self, catalogue: &Catalogue) {
        for class in catalogue.class_ids().skip(self.classes) {
            self.classes += 1;
            let Some(class) = catalogue.class(class) else { continue };
            self.members.insert(MemberId::new(class.sender));
            let terms = class.terms.as_deref().filter(|text| text.contains("recipients"));
            if let Some(terms) = terms.and_then(|text| Terms::from_json(text).ok()) {
                self.members.extend(terms.recipients);
            }
        }
    }
}

impl Reader {
    /// The audience that this reader's member belongs to; `None` if it is one of its own.
    #[must_use]
    pub fn audience(&self) -> Option<Audience> {
        let request = self.request();
        let (member, circle) =
            (self.standing.book.member(request.member)?, self.standing.book.circle(request.circle)?);
        let line = LineId::new(request.circle.uuid());
        let mut parties = self.inner.parties.lock();
        let parties = parties.entry(line).or_default();
        self.inner.store.look(line, |catalogue| parties.catch_up(catalogue)).ok()?;
        (!parties.members.contains(&member.id)).then(|| Audience {
            circle: circle.id,
            clearance: member.clearance,
            access: circle.access(member.id),
            is_high_enough: request.wanted <= member.level,
            wanted: request.wanted,
            encrypted: request.encrypted,
        })
    }
}
