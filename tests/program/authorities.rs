//! Certificates of authorities stand beside the pipeline that names them.
#![cfg(all(feature = "mysql", feature = "postgres"))]

use super::support::Folder;

/// Wherever the program is called: the certificates of an authority are part of what a pipeline says.
#[test]
fn authorities_stand_beside_the_pipeline() {
    let server = "127.0.0.1:1";
    let sources = [
        format!(
            "postgres: {{ url: \"postgres://u@{server}/d\", table: t, tls: {{ ca: ca.crt }} }}"
        ),
        format!("mysql: {{ url: \"mysql://u@{server}/d\", table: t, tls: {{ ca: ca.crt }} }}"),
    ];
    for source in sources {
        let folder = Folder::new();
        let yaml =
            format!("version: 1\ntables:\n  t: {{ from: {{ {source} }} }}\nsinks: [discard]\n");
        folder.write("sub/p.yaml", &yaml);
        // One that lies where the program is called is another's.
        folder.write("ca.crt", "nothing");
        let refused = |cause: &str| {
            let ended = folder.run(&["run", "sub/p.yaml", "--quiet"]);
            assert_eq!(ended.code, 1, "{source}: {ended:?}");
            let said = &ended.stderr;
            let begins = "error: could not read `ca.crt`\n --> sub/p.yaml:3:";
            assert!(said.starts_with(begins), "{said}");
            assert!(
                said.ends_with(&format!("^\n  caused by: {cause}\n")),
                "{said}"
            );
        };
        refused("No such file or directory (os error 2)");
        folder.write("sub/ca.crt", "nothing");
        refused("it has no certificate");
    }
}
