//! Inputs that fuzzing found: each did what it must not, once.

use bongsu_watch::hunt::Blanking;
use bongsu_watch::hunt::capture::{Capture, Observed};
use bongsu_watch::names::{Index, Kind as Sort, Party, Question, Strength};
use bongsu_watch::wallet::{Judged, currencies, judge};

/// What fuzzing found once is found no more.
#[test]
fn what_fuzzing_found() {
    // Control characters in a query behind an address.
    let text = "0.0.123?\0-vfmkw";
    assert!(matches!(judge(text), Judged::Unknown) && currencies(text).is_empty());
    // A block of a capture that says it is shorter than its own head.
    let mut block = vec![0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
    block.extend([0xff; 8]);
    block.extend([28, 0, 0, 0, 1, 0, 0, 0x80, 10, 0, 0, 0, 0, 0, 0, 0]);
    let (mut capture, mut seen) = (Capture::default(), Observed::default());
    let taken = capture.take(&block, &mut seen).err();
    assert!(taken.is_some() || !capture.end(&mut seen).is_empty());
    // An address of the inside behind an escape and before a sign beyond ASCII.
    let blanking = Blanking::default();
    let blanked = blanking.blanked("\\b0.0.40.4.\u{340}71.2".as_bytes(), &(0..0));
    assert!(!String::from_utf8_lossy(&blanked).contains("40.4"), "{}", String::from_utf8_lossy(&blanked));
    // A name of nothing but a legal form and a letter.
    let names = vec![("sia L.".to_owned(), Strength::Primary)];
    let (births, countries, schema) = (Vec::new(), Vec::new(), Sort::Unknown);
    let index = Index::new([Party { id: "a".to_owned(), names, births, countries, schema }]);
    let asked = Question { names: vec!["sia L."], ..Question::default() };
    assert_eq!(index.matches(&asked, 5).len(), 1);
}
