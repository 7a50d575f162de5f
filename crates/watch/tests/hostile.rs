//! Texts made to be slow. Each was once read in time that grew with the square of its length; a megabyte of that does not
//! end while anyone waits, so a test that ends says that the reading is linear.

use bongsu_watch::{Kind, extract, guess, refang};

const BYTES: usize = 256 * 1024;

/// A megabyte is read, and end with a value that must be found in spite of what stands before it.
fn check(part: &str) {
    check_long(part, BYTES);
}

fn check_long(part: &str, bytes: usize) {
    let mut text = part.repeat(bytes / part.len());
    text.push_str("\n\n see evil-k3[.]top .");
    let found = extract(&text);
    let last = found.last().unwrap_or_else(|| panic!("{part}"));
    assert_eq!((last.value.kind(), last.value.text()), (Kind::Domain, "evil-k3.top"), "{part}");
    assert_eq!(&text[last.range.clone()], "evil-k3[.]top", "{part}");
    assert_eq!(guess(&text), None, "{part}");
}

#[test]
fn a_megabyte_of_what_was_slow_is_read() {
    for part in ["[", "@", ".", "HKEY_", "HKLM\\", "http://a.com/)"] {
        check_long(part, 1024 * 1024);
    }
}

#[test]
fn brackets_are_read_in_one_pass() {
    ["[", "]", "(", ")", "{", "[[.", ".]", "a.]", "a)", "[(", ":[", "[:", "[.", "{.", "a[.", "a(."]
        .iter()
        .for_each(|part| check(part));
}

#[test]
fn dots_at_signs_and_colons_are_read_in_one_pass() {
    ["@", ".", ":", "a@", "a+", "a+@", "a.", "a.b", "a-", "::", "a:", "1.", "1:", "a\\.", "é.", "a=@", "..@"]
        .iter()
        .for_each(|part| check(part));
}

#[test]
fn registry_keys_are_read_in_one_pass() {
    ["HKEY_", "HKLM\\", "HKLM\\a b", "HKLM>", "HKEY_LOCAL_MACHINE\\", "HKLM\\a ", "HKLM\\.", "HKCU\\\\ "]
        .iter()
        .for_each(|part| check(part));
}

#[test]
fn urls_are_read_in_one_pass() {
    let parts = [
        "http://",
        "http://[",
        "http://)",
        "hxxp://[",
        "h**p://",
        "://",
        "http://a.com/)",
        "http://a.com/'",
        "'http://",
        "a.com/x,",
        "a.com/",
        "a.com/x(",
        "1.1.1.1/x,",
        "a.com:80/x,",
        "http://%",
        "http://http://[/",
    ];
    parts.iter().for_each(|part| check(part));
}

#[test]
fn hashes_numbers_and_blanks_are_read_in_one_pass() {
    let hash = "d41d8cd98f00b204e9800998ecf8427e ";
    [
        "AS ", "AS1 ", "ASN ", "T1", "CVE-", "\\", "/", "=", "//a", "a/", " ", " [.] ", "0x", "a ", "-", "_",
        hash,
    ]
    .iter()
    .for_each(|part| check(part));
}

#[test]
fn defanged_text_is_undone_in_one_pass() {
    for part in ["a.]", "a\\.", "[.", "(.a", "{.}", "[[", "a[.]", " [.] ", "hxxp", "hxxp ", "hxxp:"] {
        let text = part.repeat(BYTES / part.len());
        assert!(!refang(&text).is_empty(), "{part}");
    }
}
