//! A pod and the one that takes its place make one slice of a dataset in an object store at the same time.

use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::objects::{Lake, table};

fn pod(lake: &Lake, yaml: &str, slice: &str) -> Child {
    let arguments = ["--quiet", "--slice", slice, "--rate", "200_000/s"];
    let mut command = lake.command("run", yaml, &arguments);
    command.stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts a slice until it ends well; says how often it met the other one.
fn tried_again(lake: &Lake, yaml: &str, slice: &str) -> usize {
    let deadline = Instant::now() + Duration::from_secs(60);
    for met in 0.. {
        let output = pod(lake, yaml, slice).wait_with_output().unwrap();
        if output.status.success() {
            return met;
        }
        let words = lake.told(&output);
        assert_eq!(output.status.code(), Some(2), "{words}");
        assert!(words.contains("another run, or another sink"), "{words}");
        assert!(Instant::now() < deadline, "{words}");
        sleep(Duration::from_millis(50));
    }
    unreachable!()
}

#[test]
fn two_pods_of_one_slice_leave_it_once() {
    let yaml = table(600_000, "path: PATH, format: csv, if_exists: replace");
    let whole = Lake::new("alone");
    for slice in ["1/3", "2/3", "3/3"] {
        whole.succeeds(&yaml, &["--slice", slice]);
    }
    let mut met = 0;
    for moment in [0, 200, 700] {
        for is_killed in [false, true] {
            let lake = Lake::new("pods");
            let mut first = pod(&lake, &yaml, "2/3");
            sleep(Duration::from_millis(moment));
            let second = std::thread::scope(|threads| {
                let second = threads.spawn(|| tried_again(&lake, &yaml, "2/3"));
                sleep(Duration::from_millis(100));
                if is_killed {
                    first.kill().unwrap();
                }
                second.join()
            });
            met += second.unwrap();
            let code = first.wait().unwrap().code();
            assert!(is_killed || matches!(code, Some(0 | 2)), "{code:?}");
            for slice in ["1/3", "3/3"] {
                tried_again(&lake, &yaml, slice);
            }
            let there = lake.objects();
            assert!(there == whole.objects(), "{moment}: {:?}", there.keys());
        }
    }
    assert!(met > 0, "no two processes met");
}
