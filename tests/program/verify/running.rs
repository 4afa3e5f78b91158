//! A load that is still running: what was acknowledged is there, and nothing is found that is not so.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::super::support::Folder;

/// A run that is ended when the test is, however that goes.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Rows in the files that have their names, each below so many lines.
fn named(folder: &Folder, header: usize) -> usize {
    let names = folder.names("out").into_iter();
    let names = names.filter(|name| name.starts_with("part-"));
    names
        .map(|name| folder.read(&format!("out/{name}")).lines().count() - header)
        .sum()
}

#[test]
fn a_rolling_file_set_is_verified_while_it_grows() {
    for format in ["csv", "{ json: { layout: lines } }"] {
        let folder = Folder::new();
        let yaml = format!(
            "version: 1\nname: p\nseed: 7\ntables:\n  t: {{ rows: 0, columns: {{ id: sequence, v: {{ uniform: {{ min: 1, max: 99 }} }} }} }}\nsinks:\n  - file: {{ path: out/, roll: 100ms, format: {format} }}\n"
        );
        folder.write("p.yaml", &yaml);
        let mut command = folder.command(&["run", "p.yaml", "--quiet", "--rate=20000/s"]);
        let running = Running(command.stderr(Stdio::null()).spawn().unwrap());
        let (begun, mut last, mut rounds) = (Instant::now(), 0, 0);
        while rounds < 5 {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{last} rows after {rounds} rounds"
            );
            std::thread::sleep(Duration::from_millis(100));
            let there = named(&folder, usize::from(format == "csv"));
            if there == 0 || there == last {
                continue;
            }
            let ended = folder.run(&[
                "verify",
                "p.yaml",
                &format!("--rows={there}"),
                "--threads=2",
            ]);
            assert_eq!(
                (ended.code, ended.stderr.as_str()),
                (0, ""),
                "{}",
                ended.stdout
            );
            assert!(!ended.stdout.contains("manifest"), "{}", ended.stdout);
            (last, rounds) = (there, rounds + 1);
        }
        drop(running);
        // What a killed run has named is there, and not one row more is missed than it has named.
        let there = last + 1_000_000;
        let ended = folder.run(&["verify", "p.yaml", &format!("--rows={there}")]);
        assert_eq!(ended.code, 3, "{ended:?}");
    }
}
