//! What is wrong with a store is told before the first row, with its place and what helps.

use crate::objects::{Lake, table};

/// The words of a run with these variables.
#[track_caller]
fn refused(yaml: &str, variables: &[(&str, &str)], expected: &str) {
    let lake = Lake::new("refused");
    let mut command = lake.command("run", yaml, &["--quiet"]);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let words = lake.told(&output);
    assert_eq!(words, expected);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{words}");
    let all = String::from_utf8_lossy(&output.stderr);
    assert!(
        !all.contains("rowgen-secret") && !all.contains("wrong-secret"),
        "{all}"
    );
    assert!(lake.objects().is_empty());
}

#[test]
fn a_wrong_secret_and_a_wrong_key() {
    let yaml = table(10, "path: PATH, format: csv");
    refused(
        &yaml,
        &[("AWS_SECRET_ACCESS_KEY", "wrong-secret")],
        "error: could not open sink `file-1`
  --> p.yaml:12:29
  caused by: looking at `s3://rowgen/PREFIX`
  caused by: the secret is not that of the key
  hint: `AWS_SECRET_ACCESS_KEY` and `AWS_ACCESS_KEY_ID` belong together",
    );
    refused(
        &yaml,
        &[("AWS_ACCESS_KEY_ID", "nobody")],
        "error: could not open sink `file-1`
  --> p.yaml:12:29
  caused by: looking at `s3://rowgen/PREFIX`
  caused by: it does not know the key
  hint: `AWS_ACCESS_KEY_ID` names a key of this store; `AWS_ENDPOINT_URL` says which store it is",
    );
}

#[test]
fn a_bucket_that_is_not_there() {
    let yaml = table(10, "path: s3://nowhere/x, format: csv");
    refused(
        &yaml,
        &[],
        "error: could not open sink `file-1`
  --> p.yaml:12:29
  caused by: looking at `s3://nowhere/x`
  caused by: there is no such bucket
  hint: make it first, or write its name as it is; `AWS_ENDPOINT_URL` says where it is",
    );
    let yaml = "version: 1\ntables:\n  t: { from: { csv: { path: s3://nowhere/x.csv } } }\nsinks: [discard]\n";
    refused(
        yaml,
        &[],
        "error: listing `s3://nowhere/x.csv`
 --> p.yaml:3:29
  caused by: there is no such bucket
  hint: make it first, or write its name as it is; `AWS_ENDPOINT_URL` says where it is",
    );
}

#[test]
fn a_server_that_is_away() {
    let yaml = table(10, "path: PATH, format: csv");
    refused(
        &yaml,
        &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")],
        "error: could not open sink `file-1`
  --> p.yaml:12:29
  caused by: looking at `s3://rowgen/PREFIX`
  caused by: Connection refused (os error 111)",
    );
}

/// Stores of which no server is here: what is missing or cannot be is told before the first row.
#[test]
fn other_stores_without_what_they_need() {
    let account = ("AZURE_STORAGE_ACCOUNT_NAME", "nobody");
    let azure = "hint: set `AZURE_STORAGE_ACCOUNT_NAME`, and `AZURE_STORAGE_ACCOUNT_KEY`, which is base64, or `AZURE_STORAGE_SAS_TOKEN`";
    let google = "hint: set `GOOGLE_SERVICE_ACCOUNT` to the file of a service account's key";
    for (url, variables, why, hint) in [
        ("az://lake/", vec![], "Account must be specified", azure),
        (
            "az://lake/",
            vec![account, ("AZURE_STORAGE_ACCOUNT_KEY", "no-base64!")],
            "Invalid symbol 45, offset 2.",
            azure,
        ),
        (
            "gs://lake/",
            vec![("GOOGLE_SERVICE_ACCOUNT", "nowhere.json")],
            "No such file or directory (os error 2)",
            google,
        ),
        (
            "gs://lake/",
            vec![("GOOGLE_SERVICE_ACCOUNT_KEY", "{ \"no\": 1 }")],
            "missing field `private_key` at line 1 column 11",
            google,
        ),
    ] {
        refused(
            &table(10, &format!("path: {url}x, format: csv")),
            &variables,
            &format!(
                "error: could not open sink `file-1`
  --> p.yaml:12:29
  caused by: opening `{url}`
  caused by: {why}
  {hint}"
            ),
        );
    }
}

/// Where a URL leads `--out` has no part in.
#[test]
fn what_was_not_written_cannot_be_verified() {
    let lake = Lake::new("unwritten");
    for path in ["PATH", "PATH/t.csv"] {
        let yaml = table(10, &format!("path: {path}, format: csv"));
        let output = lake.command("verify", &yaml, &[]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let shown = path.replace("PATH", "s3://rowgen/PREFIX");
        assert_eq!(
            lake.told(&output),
            format!(
                "error: could not read `{shown}`\n  --> p.yaml:12:29\n  caused by: nothing is there\n  hint: `rowgen run` writes it"
            )
        );
    }
}
