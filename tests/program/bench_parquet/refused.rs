//! What `rowgen bench parquet` refuses, and how it ends before its time.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{YAML, bench};
use crate::support::{Ended, Folder};

#[test]
fn mistakes_are_told_before_anything_is_made() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let said = |arguments: &[&str]| {
        let ended = bench(&folder, arguments);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (1, ""),
            "{arguments:?}"
        );
        ended.stderr
    };
    assert_eq!(
        said(&["--table", "x"]),
        "error: there is no table `x`\n  hint: the tables are `t`, `times`\n"
    );
    assert_eq!(
        said(&["--codec", "zip,zstd:99"]),
        "error: `--compression`: expected one of `auto`, `none`, `snappy`, `gzip`, `gzip(6)`, `lz4`, `zstd`, `zstd(3)`, `brotli`, `brotli(4)`, found `zip`\n\nerror: `--compression`: the levels of `zstd` are 1 to 22\n"
    );
    assert_eq!(
        said(&[
            "--encoding",
            "delta",
            "--order-by",
            "idd,tags",
            "--bloom-filter",
            "nam",
            "--page-size",
            "1x"
        ]),
        "error: `--order-by`: `t` has no column `idd`\n  hint: did you mean `id`?\n\nerror: `--order-by tags`: a column of list of utf8 has no order\n  hint: name one of single values\n\nerror: `--bloom-filter`: `t` has no column `nam`\n  hint: did you mean `name`?\n\nerror: `--page-size`: expected bytes with their unit such as `512MiB`, found `1x`\n\nerror: `--encoding`: unknown name `delta`\n  hint: the names here are `auto`, `plain`, `dictionary`, `delta_binary_packed`, `delta_length_byte_array`, `delta_byte_array`, `byte_stream_split`\n"
    );
    assert_eq!(
        said(&["--encoding", "byte_stream_split"]),
        "error: Spark cannot read the encoding `byte_stream_split`\n  hint: leave it out, or allow it with `--compatibility latest`\n"
    );
    assert_eq!(
        said(&["--table", "times"]),
        "error: `times.at`: Spark cannot read times of day\n  hint: use a timestamp or text, or allow it with `--compatibility latest`\n"
    );
    assert_eq!(
        said(&["--row-group-rows", "0", "--dictionary-limit", "0B"]),
        "error: `row_group_rows` cannot be 0\n\nerror: `dictionary_limit` cannot be 0\n"
    );
    assert_eq!(
        said(&[
            "--one-column",
            "tagz",
            "--predicate",
            "tags",
            "--lookup",
            "no"
        ]),
        "error: `--one-column`: `t` has no column `tagz`\n  hint: did you mean `tags`?\n\nerror: `--predicate tags`: a column of list of utf8 has no order\n  hint: name one of single values\n\nerror: `--lookup`: `t` has no column `no`\n  hint: its columns are `id`, `name`, `city`, `tags`, `place`, `maybe`\n"
    );
    assert_eq!(
        said(&["--readers", "parquet,pandas"]),
        "error: `--readers`: there is no reader `pandas`\n  hint: the readers are parquet, duckdb, polars\n"
    );
    assert_eq!(
        said(&["--html", "p.yaml"]),
        "error: the report cannot be `p.yaml`: this run reads that\n  caused by: `p.yaml` would be written over\n  hint: give `--html` a path of its own\n"
    );
    let counts = (1..=1001)
        .map(|n| n.to_string())
        .collect::<Vec<_>>()
        .join(",");
    assert_eq!(
        said(&["--page-rows", &counts]),
        "error: the sweep has 1001 cells, and 1000 are the most\n  hint: name fewer values, or sweep one thing after the other\n"
    );
    assert_eq!(folder.names(""), ["p.yaml"]);
}

#[test]
fn a_python_that_cannot_read_is_told() {
    let folder = Folder::new();
    folder.write("p.yaml", YAML);
    let old = folder.write("old", "#!/bin/sh\necho SyntaxError >&2\nexit 1\n");
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ended = bench(&folder, &["--python", "./old", "--rounds", "1"]);
    let hint =
        "  hint: `--python` says which Python has them, `--readers parquet` leaves them out\n";
    assert_eq!(
        (ended.code, ended.stderr),
        (
            1,
            format!(
                "error: duckdb and polars cannot read: `./old` cannot run the script of the readers: it is no Python of 3.6 or later\n{hint}"
            )
        )
    );
    let ended = bench(&folder, &["--python", "/no/python", "--rounds", "1"]);
    assert_eq!(
        (ended.code, ended.stderr),
        (
            1,
            format!(
                "error: duckdb and polars cannot read: `/no/python` could not be started: No such file or directory (os error 2)\n{hint}"
            )
        )
    );
    // Nobody asked for one: the library reads alone, and it is said.
    let mut command = folder.command(&[
        "bench",
        "parquet",
        "p.yaml",
        "--compression",
        "snappy",
        "--rounds",
        "1",
    ]);
    let ended = Ended::from(command.env("PATH", folder.path("")).output().unwrap());
    let note = "note: duckdb and polars do not read: `python3` could not be started: No such file or directory (os error 2)\n";
    assert!(
        ended.code == 0 && ended.stdout.ends_with(note),
        "{}{}",
        ended.stdout,
        ended.stderr
    );
    assert_eq!(folder.names(""), ["old", "p.yaml"]);
}

#[test]
fn signals_remove_what_is_written() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let folder = Folder::new();
        folder.write("p.yaml", YAML);
        let mut command = folder.command(&[
            "bench",
            "parquet",
            "p.yaml",
            "--rounds",
            "1000",
            "--readers",
            "parquet",
        ]);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !folder
            .names("")
            .iter()
            .any(|name| name.ends_with(".parquet"))
        {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "nothing was written"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        let killed = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        let ended = Ended::from(child.wait_with_output().unwrap());
        let said = "interrupted: nothing is told, and the files are removed\n";
        assert_eq!(
            (ended.code, ended.stdout.as_str(), ended.stderr.as_str()),
            (code, "", said)
        );
        assert_eq!(folder.names(""), ["p.yaml"]);
    }
}
