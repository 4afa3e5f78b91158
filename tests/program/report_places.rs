//! A report is written where the run writes nothing else.

use super::support::Folder;

#[test]
fn a_report_does_not_replace_what_the_run_writes() {
    let folder = Folder::new();
    folder.write("in.csv", "a\n1\nx\n");
    let yaml = "version: 1\ntables:\n  t: { from: { csv: { path: in.csv, on_bad_row: { dead_letter: bad.jsonl } } }, types: { a: int64 } }\n  m: { rows: 3, columns: { id: sequence } }\nsinks:\n  - file: { table: t, path: out.csv }\n  - file: { name: parts, table: m, path: out/m, format: csv }\n";
    folder.write("p.yaml", yaml);
    std::os::unix::fs::symlink("out.csv", folder.path("link.json")).unwrap();
    std::os::unix::fs::symlink("link.json", folder.path("links.json")).unwrap();
    std::fs::create_dir(folder.path("to")).unwrap();
    for (report, out, cause) in [
        ("out.csv", ".", "sink `file-1` writes there"),
        ("./to/../out.csv", ".", "sink `file-1` writes there"),
        ("link.json", ".", "sink `file-1` writes there"),
        ("links.json", ".", "sink `file-1` writes there"),
        ("out/m/report.json", ".", "sink `parts` writes there"),
        (
            "out/m/_rowgen/manifest.jsonl",
            ".",
            "sink `parts` writes there",
        ),
        ("bad.jsonl", ".", "dead letters of `t` are kept there"),
        ("to/out.csv", "to", "sink `file-1` writes there"),
    ] {
        let ended = folder.run(&["run", "p.yaml", "--quiet", "--report", report, "--out", out]);
        let expected = format!(
            "error: the report cannot be `{report}`: this run writes that\n  caused by: {cause}\n  hint: give `--report` a path of its own\n"
        );
        assert_eq!((ended.code, ended.stderr), (1, expected));
        assert_eq!(
            folder.names(""),
            ["in.csv", "link.json", "links.json", "p.yaml"]
        );
    }
    let ended = folder.run(&[
        "run",
        "p.yaml",
        "--quiet",
        "--report",
        "out/report.json",
        "--out",
        "to",
    ]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    std::fs::create_dir(folder.path("out")).unwrap();
    let ended = folder.run(&["run", "p.yaml", "--quiet", "--report", "out/report.json"]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert_eq!(folder.read("out.csv"), "a\n1\n");
}
