//! A sink of one's own that commits: every row is in SQLite once, however often the load is killed:
//! `cargo run --example transactional_sink --features sessions`
use arrow::{array::AsArray, array::RecordBatch, datatypes::Int64Type};
use rowgen::sink::session::{self, Failure, Session, SessionOptions};
use rowgen::{batch::Span, engine, error, load, plan, sink, spec};
use std::{collections::HashMap, path::Path, sync::Arc};

const TABLES: &str = "CREATE TABLE IF NOT EXISTS users (id INTEGER);
    CREATE TABLE IF NOT EXISTS at (part INTEGER PRIMARY KEY, next INTEGER); BEGIN";
const MOVE: &str = "INSERT INTO at VALUES (?1,?3) ON CONFLICT DO UPDATE SET next=?3 WHERE next=?2";
#[derive(Debug)]
struct Sqlite;
struct Open(rusqlite::Connection);

impl sink::Sink for Sqlite {
    fn connect(&self, target: &sink::Target) -> error::Result<sink::Found> {
        let connect = |_| async {
            let server = rusqlite::Connection::open("users.sqlite")?;
            server.execute_batch(TABLES)?;
            Ok(Open(server))
        };
        session::sink(
            target,
            connect,
            SessionOptions::keeping_offsets(),
            session::rows,
        )
    }
}
impl Session for Open {
    type Chunk = RecordBatch;
    async fn put(&mut self, chunks: &[RecordBatch]) -> Result<(), Failure> {
        let mut insert = self.0.prepare_cached("INSERT INTO users VALUES (?1)")?;
        for rows in chunks {
            for id in rows.column(0).as_primitive::<Int64Type>().values() {
                insert.execute([id])?;
            }
        }
        Ok(())
    }
    async fn commit(&mut self, origin: &[Span]) -> Result<(), Failure> {
        for one in origin {
            if self.0.execute(MOVE, (one.partition, one.from, one.to))? == 0 {
                return Err(Failure::Fenced(vec![one.partition]));
            }
        }
        Ok(self.0.execute_batch("COMMIT; BEGIN")?)
    }
    async fn offsets(&mut self, _: &[i32]) -> Result<Option<HashMap<i32, i64>>, Failure> {
        let mut read = self.0.prepare_cached("SELECT part, next FROM at")?;
        let all = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Some(all.collect::<Result<_, _>>()?))
    }
}

fn main() -> error::Result<()> {
    let pipeline = spec::read(
        Path::new("pipelines/users_csv.yaml"),
        &spec::GivenValues::default(),
    )?;
    let loaded = load::load(&pipeline, |_| true)?;
    let mut plan = plan::make(&pipeline, loaded, &plan::Overrides::default(), false)?;
    plan.jobs[0].sinks[0].options = Arc::new(Sqlite);
    let report = engine::start(Arc::new(plan), engine::RunOptions::default()).wait();
    println!("{report}");
    Ok(())
}
