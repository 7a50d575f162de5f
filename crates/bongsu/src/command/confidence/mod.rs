//! `bongsu norms`, `bongsu measure`, `bongsu consultation`: what members say, promise and talk about.

pub(crate) mod consultation;
pub(crate) mod measure;
pub(crate) mod norms;

use crate::exit::Failure;
use crate::node::Node;
use policy::{Book, CircleId, MemberId};
use region::text;

fn wrong(error: impl std::fmt::Display) -> Failure {
    Failure::usage(error.to_string())
}

/// The members with these handles, each once.
fn members(node: &Node, book: &Book, handles: &[String]) -> Result<Vec<MemberId>, Failure> {
    let mut members = Vec::new();
    for handle in handles {
        let id = node.active(book, handle)?.id;
        if !members.contains(&id) {
            members.push(id);
        }
    }
    Ok(members)
}

/// The circles with these handles, if something of these owners can be opened to them.
fn circles(
    node: &Node,
    book: &Book,
    handles: &[String],
    owners: &[MemberId],
) -> Result<Vec<CircleId>, Failure> {
    let circle = |handle: &String| {
        let circle = node.circle(book, handle)?;
        match book.opens(circle, owners) {
            true => Ok(circle.id),
            false => Err(Failure::usage(format!(
                "nothing of these members can be opened to circle `{handle}`: none of them is in it, or its members are hidden from each other"
            ))),
        }
    };
    handles.iter().map(circle).collect()
}

fn line(what: &'static str, typed: &str) -> Result<String, Failure> {
    text::line(what, typed, text::TEXT_CHARS_MAX).map_err(wrong)
}

/// Members by their handles.
fn handles(book: &Book, ids: &[MemberId]) -> Vec<String> {
    ids.iter().filter_map(|id| Some(book.member(*id)?.handle.clone())).collect()
}
