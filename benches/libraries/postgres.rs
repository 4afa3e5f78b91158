//! Rows into PostgreSQL by INSERT, as a careful user of tokio-postgres writes it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio_postgres::NoTls;
use tokio_postgres::types::{ToSql, Type};

use crate::Result;

/// What the contract's table has, but for its id.
struct Row {
    event: SystemTime,
    response: Option<String>,
    status: String,
    numbers: [Option<i32>; 4],
}

const COLUMNS: &str =
    "event_timestamp, response_message, status, seed_id, sub_scenario_id, scenario_id, script_id";
const WIDTH: usize = 7;

/// Inserts the rows of a file of COPY's text format, `count` a statement, each statement a transaction, over
/// so many connections; says the seconds from the first statement to the last answer.
pub fn insert(url: &str, table: &str, path: &str, count: usize, connections: usize) -> Result<()> {
    let text = std::fs::read_to_string(path)?;
    let rows = text.lines().map(row).collect::<Result<Vec<Row>>>()?;
    drop(text);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let began = Instant::now();
    runtime.block_on(async {
        let share = rows.len().div_ceil(connections);
        let shares = rows
            .chunks(share)
            .map(|rows| share_of(url, table, rows, count));
        futures_util::future::try_join_all(shares).await
    })?;
    println!("seconds: {}", began.elapsed().as_secs_f64());
    Ok(())
}

async fn share_of(url: &str, table: &str, rows: &[Row], count: usize) -> Result<()> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let inserts = async {
        let whole = client
            .prepare_typed(&sql(table, count), &types(count))
            .await?;
        for rows in rows.chunks(count) {
            let parameters: Vec<&(dyn ToSql + Sync)> =
                rows.iter().flat_map(Row::parameters).collect();
            if rows.len() == count {
                client.execute(&whole, &parameters).await?;
            } else {
                let last = client
                    .prepare_typed(&sql(table, rows.len()), &types(rows.len()))
                    .await?;
                client.execute(&last, &parameters).await?;
            }
        }
        drop(client);
        Ok::<(), tokio_postgres::Error>(())
    };
    let (done, ended) = futures_util::future::join(inserts, connection).await;
    done?;
    Ok(ended?)
}

fn sql(table: &str, rows: usize) -> String {
    let row = |at: usize| {
        let places: Vec<String> = (1..=WIDTH)
            .map(|place| format!("${}", at * WIDTH + place))
            .collect();
        format!("({})", places.join(","))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {table} ({COLUMNS}) VALUES {}", rows.join(","))
}

fn types(rows: usize) -> Vec<Type> {
    let row = [
        Type::TIMESTAMP,
        Type::TEXT,
        Type::VARCHAR,
        Type::INT4,
        Type::INT4,
        Type::INT4,
        Type::INT4,
    ];
    std::iter::repeat_n(row, rows).flatten().collect()
}

impl Row {
    fn parameters(&self) -> [&(dyn ToSql + Sync); WIDTH] {
        let [seed, sub, scenario, script] = &self.numbers;
        [
            &self.event,
            &self.response,
            &self.status,
            seed,
            sub,
            scenario,
            script,
        ]
    }
}

/// `2026-01-01 00:00:00.001`, a text, and so on; what is null is `\\N`.
fn row(line: &str) -> Result<Row> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [event, response, status, numbers @ ..] = cells.as_slice() else {
        return Err(format!("{line} is no row").into());
    };
    let some = |cell: &&str| (*cell != "\\N").then(|| (*cell).to_string());
    let number = |cell: &&str| some(cell).map(|cell| cell.parse()).transpose();
    let numbers = numbers
        .iter()
        .map(number)
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let event = chrono::NaiveDateTime::parse_from_str(event, "%Y-%m-%d %H:%M:%S%.f")?;
    let micros = event.and_utc().timestamp_micros();
    Ok(Row {
        event: UNIX_EPOCH + Duration::from_micros(micros.try_into()?),
        response: some(response),
        status: (*status).to_string(),
        numbers: numbers
            .try_into()
            .map_err(|_| format!("{line} is no row"))?,
    })
}
