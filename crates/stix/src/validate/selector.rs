//! Selectors of granular markings: each has to select something that is there.
//!
//! The selectors are sorted by their components, and the object is walked once along all of them, so that many
//! selectors into a large object cost no more than its length and theirs.
//!
//! Source: STIX 2.1, section 7.2.3 (selector syntax).

use std::borrow::Cow;

use super::check::{At, Check, shown};
use super::code;
use super::common::GRANULAR;
use super::cursor::{Begin, Cursor};
use super::format;
use super::table::Kind;

/// One selector, where it stands, and whether it selects anything.
struct Selector<'t> {
    text: Cow<'t, str>,
    marking: usize,
    number: usize,
    selects: bool,
}

impl Check<'_, '_> {
    /// The value of `granular_markings`.
    pub(super) fn granular_markings(&mut self, section: &'static str, at: &At<'_>) {
        let from = self.cursor.place();
        self.value(&Kind::List(&GRANULAR), section, at);
        let mut selectors = selectors(self.cursor.moved(from));
        selectors.retain(|selector| {
            let fits = is_selector(&selector.text);
            if !fits {
                let what = format_args!("`{}` is no selector", shown(&selector.text));
                self.report_selector(&code::SELECTOR_MALFORMED, selector, at, what);
            }
            fits
        });
        if selectors.is_empty() {
            return;
        }
        selectors.sort_by(|one, other| one.text.split('.').cmp(other.text.split('.')));
        let mut cursor = self.cursor.moved(0);
        follow(&mut cursor, &mut selectors, 0);
        selectors.sort_by_key(|selector| (selector.marking, selector.number));
        for selector in selectors.iter().filter(|selector| !selector.selects) {
            let what = format_args!("`{}` selects nothing in this object", shown(&selector.text));
            self.report_selector(&code::SELECTOR_ABSENT, selector, at, what);
        }
    }

    fn report_selector(
        &mut self,
        code: &code::Code,
        selector: &Selector<'_>,
        at: &At<'_>,
        what: std::fmt::Arguments<'_>,
    ) {
        let marking = at.index(selector.marking);
        let list = marking.key("selectors");
        self.report(code, &list.index(selector.number), what);
    }
}

/// All selectors that are strings.
fn selectors(mut cursor: Cursor<'_>) -> Vec<Selector<'_>> {
    let mut found = Vec::new();
    if cursor.begin() != Begin::List {
        return found;
    }
    cursor.enter();
    let mut marking = 0;
    while cursor.item() {
        if cursor.begin() == Begin::Object {
            cursor.enter();
            while let Some(key) = cursor.key() {
                if key.raw != "selectors" || cursor.begin() != Begin::List {
                    cursor.skip();
                    continue;
                }
                cursor.enter();
                let mut number = 0;
                while cursor.item() {
                    if let Some(text) = cursor.string() {
                        found.push(Selector { text, marking, number, selects: false });
                    }
                    number += 1;
                }
            }
        } else {
            cursor.skip();
        }
        marking += 1;
    }
    found
}

/// Names and indices with dots between; the first is a name.
fn is_selector(text: &str) -> bool {
    text.split('.').enumerate().all(|(number, part)| {
        let index = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match index {
            Some(digits) => {
                number > 0 && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            }
            None => !part.is_empty() && format::is_dictionary_key(part),
        }
    })
}

/// Walks the value that begins here along `selectors`, which are sorted and share their first `shared` bytes: those
/// end here, or go on with what follows the dot there. Moves behind the value.
fn follow(cursor: &mut Cursor<'_>, selectors: &mut [Selector<'_>], shared: usize) {
    let begin = cursor.begin();
    if !matches!(begin, Begin::Object | Begin::List) {
        return cursor.skip();
    }
    cursor.enter();
    let mut index = 0_usize;
    loop {
        let (key, component);
        if begin == Begin::Object {
            let Some(found) = cursor.key() else { return };
            key = found.text();
        } else {
            if !cursor.item() {
                return;
            }
            component = format!("[{index}]");
            key = Cow::Owned(component);
            index += 1;
        }
        let here = matching(selectors, shared, &key);
        if here.is_empty() {
            cursor.skip();
            continue;
        }
        let end = shared + key.len();
        let deeper = here.partition_point(|selector| selector.text.len() == end);
        for selector in here.iter_mut() {
            selector.selects |= selector.text.len() == end;
        }
        match here.get_mut(deeper..) {
            Some(deeper) if !deeper.is_empty() => follow(cursor, deeper, end + 1),
            _ => cursor.skip(),
        }
    }
}

/// Those of `selectors` whose component after the first `shared` bytes is `key`.
fn matching<'s, 't>(selectors: &'s mut [Selector<'t>], shared: usize, key: &str) -> &'s mut [Selector<'t>] {
    let component = |selector: &Selector<'_>| -> std::cmp::Ordering {
        let rest = selector.text.get(shared..).unwrap_or_default();
        rest.split('.').next().unwrap_or_default().cmp(key)
    };
    let from = selectors.partition_point(|selector| component(selector).is_lt());
    let to = selectors.partition_point(|selector| component(selector).is_le());
    selectors.get_mut(from..to).unwrap_or_default()
}
