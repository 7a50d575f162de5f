//! Lines moved into a database and back.

use std::sync::Arc;

use bongsu_line::moving::{MoveError, Way, migrate};
use bongsu_line::{Options, Seq, Store, verify};
use serde_json::json;

use crate::erasing::{CIRCLE, SENDER, add, id, identity, open, withdraw};
use crate::home::Home;

#[test]
fn lines_are_moved_there_and_back_with_their_roots() {
    let (home, back) = (Home::new(), tempfile::tempdir().unwrap());
    let file = tempfile::tempdir().unwrap();
    let store = Store::open(file.path(), &Options::default(), Arc::new(|| 1_000)).unwrap();
    store.ensure_line(CIRCLE);
    for number in 0..9_000 {
        add(&store, CIRCLE, &identity(number, 1, "a"));
        if number == 20 {
            withdraw(&store, CIRCLE, &id("identity", 20));
            store.erase(SENDER, &json!({}), &[(CIRCLE, Seq(21))]).unwrap();
        }
    }
    let root = store.root(CIRCLE).unwrap();
    drop(store);
    let mut told = (0, 0);
    migrate(file.path(), home.database(), Way::IntoDatabase, &mut |done, of| told = (done, of)).unwrap();
    assert_eq!(told.0, told.1);
    let store = open(&home);
    assert_eq!(store.root(CIRCLE).unwrap(), root);
    add(&store, CIRCLE, &identity(9_000, 1, "a"));
    let root = store.root(CIRCLE).unwrap();
    drop(store);
    let again = migrate(file.path(), home.database(), Way::IntoDatabase, &mut |_, _| ());
    assert!(matches!(again, Err(MoveError::NotEmpty)));
    migrate(back.path(), home.database(), Way::IntoFile, &mut |_, _| ()).unwrap();
    assert!(verify(back.path(), None, &mut |_, _| ()).unwrap().is_sound());
    let store = Store::open(back.path(), &Options::default(), Arc::new(|| 1_000)).unwrap();
    assert_eq!(store.root(CIRCLE).unwrap(), root);
    assert!(store.look(CIRCLE, |catalogue| catalogue.entry(Seq(21)).unwrap().erased()).unwrap());
}
