//! STIX, streamed: each object in the bytes in which it came, its head beside it.

use std::io::Read;
use std::ops::ControlFlow;

use stix::bundle::{self, Item, Limits};

use super::{ReadError, Sink};

pub(super) fn read<R: Read>(source: R, sink: &mut Sink<'_>) -> Result<(), ReadError> {
    bundle::read(source, &Limits::default(), |item| {
        match item {
            Item::Object { index, raw } => sink.object(raw.to_owned(), &format!("objects[{index}]"), true),
            Item::Bad { finding, .. } => sink.finding(finding),
        }
        if sink.stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(())
}
