#![no_main]
//! Cells: what is guessed from a cell is in normal form, and is guessed again from its own text and from its defanged text.

use libfuzzer_sys::fuzz_target;
use watch::{defang, guess, normalise};

fuzz_target!(|cell: &str| {
    let Some(value) = guess(cell) else { return };
    assert_eq!(normalise(value.kind(), value.text()).as_ref(), Ok(&value));
    // What stands around a cell's value is cut off; a URL may end so itself.
    if !value.text().ends_with(['"', '\'', '`', '<', '>', ',', ';']) {
        assert_eq!(guess(value.text()).as_ref(), Some(&value));
        assert_eq!(guess(&defang(&value)).as_ref(), Some(&value), "defanged as {}", defang(&value));
    }
});
