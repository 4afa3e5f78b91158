//! The same bytes whatever instructions the processor offers.

use super::support::{Folder, project};

/// The shipped tables, in every format, with each encoding that a column's knowledge leads to.
const PIPELINES: [(&str, &str, &str); 3] = [
    ("casino_tables.yaml", "transactions", "rows=70_001"),
    ("lineitem.yaml", "lineitem", "scale=0.01"),
    ("users_csv.yaml", "users", "rows=20_000"),
];

/// Each level with whether this processor has it.
fn levels() -> [(&'static str, bool); 3] {
    #[cfg(target_arch = "x86_64")]
    let (avx2, avx512) = (
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2"),
        is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl"),
    );
    #[cfg(not(target_arch = "x86_64"))]
    let (avx2, avx512) = (false, false);
    [
        ("baseline", true),
        ("avx2", avx2),
        ("avx512", avx2 && avx512),
    ]
}

/// One sink of each format, Parquet with each codec that this project's own loops feed.
fn sinks(table: &str) -> String {
    let file = |path: &str, format: &str| {
        format!("  - file: {{ table: {table}, path: {path}, format: {format} }}\n")
    };
    [
        file("auto.parquet", "parquet"),
        file(
            "snappy.parquet",
            "{ parquet: { compression: snappy, data_page: v2 } }",
        ),
        file(
            "zstd.parquet",
            "{ parquet: { compression: zstd(1), page_rows: 1000 } }",
        ),
        file("rows.csv", "csv"),
        file("rows.jsonl", "json"),
        file("rows.avro", "avro"),
    ]
    .concat()
}

const FILES: [&str; 6] = [
    "auto.parquet",
    "snappy.parquet",
    "zstd.parquet",
    "rows.csv",
    "rows.jsonl",
    "rows.avro",
];

#[test]
fn output_is_the_same_at_every_level_of_the_processor() {
    let folder = Folder::new();
    for (file, table, size) in PIPELINES {
        let path = project().join("pipelines").join(file);
        let name = format!("{table}.yaml");
        // A shipped pipeline brings its own sinks, which are not asked for here.
        let text = std::fs::read_to_string(&path).unwrap();
        let tables = text.split("\nsinks:").next().unwrap();
        let data = project().join("data");
        let tables = tables.replace("../data", &data.display().to_string());
        folder.write(&name, &format!("{tables}\nsinks:\n{}", sinks(table)));
        let mut ran = Vec::new();
        for (level, here) in levels() {
            if !here {
                println!("level {level}: not run, this processor lacks it");
                continue;
            }
            let out = format!("{table}-{level}");
            let arguments = ["run", &name, "--quiet", "--set", size, "--out", &out];
            let ended = folder
                .command(&arguments)
                .env("ROWGEN_SIMD", level)
                .output();
            let ended = super::support::Ended::from(ended.unwrap());
            assert_eq!(ended.code, 0, "{level}: {}", ended.stderr);
            ran.push(out);
        }
        for out in &ran[1..] {
            for file in FILES {
                let (first, other) = (format!("{}/{file}", ran[0]), format!("{out}/{file}"));
                assert!(folder.bytes(&first) == folder.bytes(&other), "{other}");
            }
        }
    }
}
