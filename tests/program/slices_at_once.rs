//! A pod and the one that takes its place make one slice at the same time: neither does harm.

use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::faults::signal;
use super::support::{Ended, Folder};

/// A file, a folder of parts and one of partitions, as slices write them.
fn pipeline(if_exists: &str) -> String {
    format!(
        "version: 1
seed: slices
tables:
  t: {{ rows: 60_000, columns: {{ id: sequence, k: {{ choice: [p, q] }}, x: {{ uniform: {{ min: 0, max: 9999 }} }} }} }}
sinks:
  - file: {{ path: out/one.csv, if_exists: {if_exists} }}
  - file: {{ path: out/parts, format: csv, files: 2, if_exists: {if_exists} }}
  - file: {{ path: out/days, format: csv, partition_by: k, if_exists: {if_exists} }}
run: {{ batch_rows: 1000 }}
"
    )
}

/// A slice, slowly enough that another process comes in the middle of it.
fn pod(folder: &Folder, slice: &str) -> Child {
    let mut command = folder.command(&["run", "p.yaml", "--slice", slice, "--rate", "40_000/s"]);
    command.stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts a slice until it ends well, as Kubernetes does: exit code 2 is tried again, and no other may come.
/// Says how often it met the other one.
fn tried_again(folder: &Folder, slice: &str) -> usize {
    let deadline = Instant::now() + Duration::from_secs(60);
    for met in 0.. {
        let ended = Ended::from(pod(folder, slice).wait_with_output().unwrap());
        if ended.code == 0 {
            return met;
        }
        assert_eq!(ended.code, 2, "{ended:?}");
        let told = "caused by: another run, or another sink of this one, is writing `";
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
        assert!(Instant::now() < deadline, "{}", ended.stderr);
        sleep(Duration::from_millis(20));
    }
    unreachable!()
}

fn waited(child: Child) {
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!(ended.code, 0, "{ended:?}");
}

/// What the slices make one after the other, with nobody beside them.
fn undisturbed(yaml: &str) -> Vec<(String, String)> {
    let folder = Folder::new();
    for slice in ["1/3", "2/3", "3/3"] {
        folder.make(yaml, &["--slice", slice]);
    }
    folder.visible("out")
}

#[test]
fn two_pods_of_one_slice_leave_it_once() {
    for if_exists in ["replace", "skip"] {
        let yaml = pipeline(if_exists);
        let expected = undisturbed(&yaml);
        let mut met = 0;
        for moment in [0, 30, 120, 300, 480] {
            let folder = Folder::new();
            folder.write("p.yaml", &yaml);
            let others = ["1/3", "3/3"].map(|slice| pod(&folder, slice));
            let first = pod(&folder, "2/3");
            sleep(Duration::from_millis(moment));
            // Whichever of the two comes second is told so; begun together, that may be the first one.
            met += tried_again(&folder, "2/3");
            let ended = Ended::from(first.wait_with_output().unwrap());
            assert!(matches!(ended.code, 0 | 2), "{ended:?}");
            others.into_iter().for_each(waited);
            assert_eq!(folder.visible("out"), expected, "{if_exists} {moment}");
            assert_eq!(hidden(&folder), [""; 0], "{if_exists} {moment}");
        }
        assert!(met > 0, "no two processes met");
    }
}

/// A node that is lost takes its pod with it, at any moment.
#[test]
fn a_pod_that_is_killed_beside_its_replacement_leaves_the_slice_to_it() {
    let yaml = pipeline("replace");
    let expected = undisturbed(&yaml);
    for moment in [40, 200, 400] {
        let folder = Folder::new();
        folder.write("p.yaml", &yaml);
        let mut first = pod(&folder, "2/3");
        sleep(Duration::from_millis(moment));
        let second = std::thread::scope(|threads| {
            let second = threads.spawn(|| tried_again(&folder, "2/3"));
            sleep(Duration::from_millis(60));
            signal(&first, "-KILL");
            first.wait().unwrap();
            second.join()
        });
        second.unwrap();
        for slice in ["1/3", "3/3"] {
            tried_again(&folder, slice);
        }
        assert_eq!(folder.visible("out"), expected, "{moment}");
        assert_eq!(hidden(&folder), [""; 0], "{moment}");
    }
}

/// What no run may leave behind once it has ended well.
fn hidden(folder: &Folder) -> Vec<String> {
    let names = folder.names("out").into_iter();
    names.filter(|name| name.ends_with(".partial")).collect()
}
