//! Changes into MySQL, as a straightforward client makes them: a prepared statement a change.

use std::time::Instant;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, Params, TxOpts, Value};

use crate::Result;

/// Applies the changes of a file with a head line, `operation,change,KEY,…` as rowgen writes them, to a table:
/// one prepared statement a change, `count` a transaction, over so many connections, each of which has the
/// keys of its own. An update sets the columns that it says. Says the seconds from the first statement to the
/// last answer.
pub fn change(url: &str, table: &str, path: &str, count: usize, connections: usize) -> Result<()> {
    let text = std::fs::read_to_string(path)?;
    let mut lines = text.lines();
    let columns: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .split(',')
        .skip(2)
        .collect();
    let mut shares: Vec<Vec<Vec<&str>>> = vec![Vec::new(); connections];
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let key: usize = cells[2].parse()?;
        shares[key % connections].push(cells);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let began = Instant::now();
    runtime.block_on(async {
        let shares = shares.iter();
        let shares = shares.map(|share| share_of(url, table, &columns, share, count));
        futures_util::future::try_join_all(shares).await
    })?;
    println!("seconds: {}", began.elapsed().as_secs_f64());
    Ok(())
}

async fn share_of(
    url: &str,
    table: &str,
    columns: &[&str],
    share: &[Vec<&str>],
    count: usize,
) -> Result<()> {
    let mut conn = Conn::new(Opts::from_url(url)?).await?;
    let key = columns[0];
    let places = vec!["?"; columns.len()].join(",");
    let names = columns.join(",");
    let insert = conn
        .prep(format!("INSERT INTO {table} ({names}) VALUES ({places})"))
        .await?;
    for changes in share.chunks(count) {
        let mut transaction = conn.start_transaction(TxOpts::default()).await?;
        for cells in changes {
            let values = |some: &dyn Fn(&str) -> bool| -> Vec<Value> {
                let cells = cells[2..].iter().filter(|cell| some(cell));
                cells.map(|cell| Value::from(*cell)).collect()
            };
            if cells[0] == "insert" {
                let all = Params::Positional(values(&|_| true));
                transaction.exec_drop(&insert, all).await?;
                continue;
            }
            let said = columns.iter().zip(&cells[2..]).skip(1);
            let said = said.filter(|(_, cell)| !cell.is_empty());
            let set: Vec<String> = said.map(|(name, _)| format!("{name} = ?")).collect();
            // The driver keeps what it has prepared.
            let update = format!("UPDATE {table} SET {} WHERE {key} = ?", set.join(", "));
            let mut said = values(&|cell| !cell.is_empty());
            said.rotate_left(1);
            transaction
                .exec_drop(update, Params::Positional(said))
                .await?;
        }
        transaction.commit().await?;
    }
    Ok(conn.disconnect().await?)
}
