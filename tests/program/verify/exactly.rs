//! Values that would only be near as the table's types: they are told, not rounded away.

use super::super::support::Folder;
use super::strange::pipeline;

#[test]
fn what_a_smaller_type_would_lose_is_told() {
    for (there, wanted, code) in [
        (
            "{ type: float64, constant: 0.1 }",
            "{ type: float32, constant: 0.1 }",
            3,
        ),
        (
            "{ type: float64, constant: 0.5 }",
            "{ type: float32, constant: 0.5 }",
            0,
        ),
        (
            "{ type: timestamp(us), constant: \"2026-01-27 05:00:00\" }",
            "{ type: date, constant: 2026-01-27 }",
            3,
        ),
        (
            "{ type: timestamp(us), constant: \"2026-01-27 00:00:00\" }",
            "{ type: date, constant: 2026-01-27 }",
            0,
        ),
        (
            "{ type: \"decimal(38,18)\", constant: 5.104680561437975 }",
            "{ type: float64, constant: 5.104680561437975 }",
            0,
        ),
    ] {
        let folder = Folder::new();
        folder.make(&pipeline(there, "t.parquet"), &[]);
        folder.write("q.yaml", &pipeline(wanted, "t.parquet"));
        let ended = folder.run(&["verify", "q.yaml"]);
        assert_eq!(ended.code, code, "{there} {wanted}: {ended:?}");
    }
}

#[test]
fn what_says_two_things_is_refused() {
    let folder = Folder::new();
    folder.make(&pipeline("{ constant: 1 }", "t.parquet"), &[]);
    for (arguments, said) in [
        (
            ["--columns", "id=a,v=a"],
            "error: `--columns v=a`: one of the two is said already\n",
        ),
        (
            ["--columns", "id=a,id=b"],
            "error: `--columns id=b`: one of the two is said already\n",
        ),
        (["--memory", "1B"], "error: `--memory` is at least 16KiB\n"),
    ] {
        let against = "parquet: { path: t.parquet }";
        let all = ["verify", "p.yaml", "--against", against];
        let ended = folder.run(&[&all[..], &arguments[..]].concat());
        assert_eq!((ended.code, ended.stderr.as_str()), (1, said));
    }
}
