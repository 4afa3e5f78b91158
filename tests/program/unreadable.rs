//! What the system cannot say is not taken for nothing: a folder that cannot be read is not an empty one.

use super::between::{Place, pipeline};

/// Lets each call of one kind fail in turn, but for those between.
fn every(kind: &str, step: usize) -> usize {
    let append = pipeline(&["t"], "append");
    let prepared = || {
        let place = Place::new();
        assert_eq!(place.run(&append, "7").code, 0);
        place
    };
    let calls = prepared().count(&append, "9", kind);
    for at in (1..=calls).step_by(step) {
        let place = prepared();
        let before = place.folder.visible("out");
        let ended = place.disturb(
            &append,
            "9",
            &[("CALLS_KIND", kind), ("CALLS_DO", "fail")],
            at,
        );
        let how = format!("{kind} {at} of {calls}: {ended:?}");
        let now = place.folder.visible("out");
        let parts = before.iter().filter(|(name, _)| name.contains("part-"));
        for part in parts {
            assert!(now.contains(part), "{how}: {} is another one", part.0);
        }
        let ended_well = ended.code == 0;
        assert_eq!(
            place.rows("t"),
            if ended_well { 4000 } else { 2000 },
            "{how}"
        );
        place.is_as_listed("t");
        let ended = place.run(&append, "9");
        assert_eq!(ended.code, 0, "{how}, then {ended:?}");
        assert_eq!(
            place.rows("t"),
            if ended_well { 6000 } else { 4000 },
            "{how}"
        );
        place.is_as_listed("t");
    }
    calls
}

#[test]
fn a_folder_that_cannot_be_read_is_not_empty() {
    let calls = every("opendir", 1);
    assert!(calls > 4, "{calls}");
}

#[test]
fn a_file_that_cannot_be_looked_at_is_not_missing() {
    let calls = every("statx", 7);
    assert!(calls > 20, "{calls}");
}
