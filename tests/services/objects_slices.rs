//! A pod and the one that takes its place make one slice of a dataset in an object store at the same time.

use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::objects::{Lake, table};
use crate::until;

/// Slowly enough that another one comes in the middle of it.
fn slow(lake: &Lake, yaml: &str, slice: &str) -> Child {
    let arguments = ["--quiet", "--slice", slice, "--rate", "100_000/s"];
    let mut command = lake.command("run", yaml, &arguments);
    command.stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts a slice until it ends well. Who meets another one waits for it a while, and is told then.
fn tried_again(lake: &Lake, yaml: &str, slice: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let output = lake.run(yaml, &["--slice", slice]);
        if output.status.success() {
            return;
        }
        let words = lake.told(&output);
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(words.contains("another run, or another sink"), "{words}");
        assert!(Instant::now() < deadline, "{words}");
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn two_pods_of_one_slice_leave_it_once() {
    let yaml = table(600_000, "path: PATH, format: csv, if_exists: replace");
    let whole = Lake::new("alone");
    for slice in ["1/3", "2/3", "3/3"] {
        whole.succeeds(&yaml, &["--slice", slice]);
    }
    for (moment, is_killed) in [(0, false), (500, true)] {
        let (_servers, lake) = Lake::own("pods");
        let mut first = slow(&lake, &yaml, "2/3");
        until(
            || "the first one holds its place".into(),
            Duration::from_secs(30),
            || lake.objects().keys().any(|key| key.contains("/.lease")),
        );
        sleep(Duration::from_millis(moment));
        std::thread::scope(|threads| {
            threads.spawn(|| tried_again(&lake, &yaml, "2/3"));
            sleep(Duration::from_millis(300));
            assert!(first.try_wait().unwrap().is_none(), "they do not meet");
            if is_killed {
                first.kill().unwrap();
            }
        });
        let output = first.wait_with_output().unwrap();
        assert!(is_killed || output.status.success(), "{output:?}");
        for slice in ["1/3", "3/3"] {
            tried_again(&lake, &yaml, slice);
        }
        let there = lake.objects();
        assert!(there == whole.objects(), "{moment}: {:?}", there.keys());
        assert_eq!(lake.uploads(), [""; 0]);
    }
}
