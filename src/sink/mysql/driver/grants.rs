//! What the user of a load may not: all of it is told before the first row.
//!
//! The server is asked by preparing the statements that the load would run: that looks at privileges of
//! every kind, roles and patterns included, and does nothing.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use super::super::types::create;
use super::Load;
use crate::client::mysql::{ABSENT, Database, MysqlNames, TableName, answer, quoted};
use crate::client::offsets::OFFSETS;
use crate::client::server::Server;
use crate::error::{Error, Result};
use crate::sink::applied::AppliedColumns;
use crate::sink::database::Mode;
use crate::sink::database::{Missing, list};

/// Denied for a table, or for a column.
const DENIED: [u16; 2] = [1142, 1143];

/// A statement, and the privilege without which it is denied.
type Asked = (&'static str, String);

impl Load {
    /// Asks for everything that the load will do.
    pub(super) async fn ask_grants(&self, conn: &mut Conn) -> Result<()> {
        let mut missing = Missing::default();
        let asked = self.ask(conn, &mut missing).await;
        asked.map_err(|error| self.unseen(&error))?;
        let user: Option<String> = conn
            .query_first("SELECT CURRENT_USER()")
            .await
            .map_err(|error| self.unseen(&error))?;
        match missing.problem(&account(&user.unwrap_or_default())) {
            Some(problem) => Err(Error::user(problem.at(&self.options.url.place))),
            None => Ok(()),
        }
    }

    async fn ask(&self, conn: &mut Conn, missing: &mut Missing) -> Result<(), Refusal> {
        let name = &self.name;
        let made = match self.options.create {
            Some(_) => None,
            None => create(name, &self.schema, &self.constraints()).ok(),
        };
        ask(conn, missing, name, (&self.asked(), made)).await?;
        if self.offsets.is_none() {
            return Ok(());
        }
        let offsets = name.beside(OFFSETS);
        let table = offsets.quoted();
        let mut asked = vec![
            ("SELECT", format!("SELECT `next` FROM {table}")),
            (
                "INSERT",
                format!("INSERT INTO {table} VALUES ('', '', 0, 0)"),
            ),
            ("UPDATE", format!("UPDATE {table} SET `next` = 0")),
        ];
        if self.empties() || !Database::exists(conn, &name.quoted()).await.unwrap_or(true) {
            asked.push(("DELETE", format!("DELETE FROM {table}")));
        }
        let made = format!("CREATE TABLE {table} (`next` int)");
        ask(conn, missing, &offsets, (&asked, Some(made))).await
    }

    /// What is done to the rows' table.
    fn asked(&self) -> Vec<Asked> {
        let table = self.name.quoted();
        let list = list::<MysqlNames>(&self.schema);
        let nulls = vec!["NULL"; self.schema.fields().len()].join(", ");
        let mut asked = vec![
            ("SELECT", format!("SELECT 1 FROM {table}")),
            (
                "INSERT",
                format!("INSERT INTO {table} ({list}) VALUES ({nulls})"),
            ),
        ];
        let set = match &self.changes {
            Some(changes) => changes.set.first().copied(),
            None => (self.options.mode == Mode::Upsert).then_some(0),
        };
        if let Some(set) = set {
            let column = quoted(self.schema.field(set).name());
            asked.push(("UPDATE", format!("UPDATE {table} SET {column} = NULL")));
        }
        let deletes = |changes: &AppliedColumns| changes.deletes();
        // `TRUNCATE` needs DROP, which cannot be asked for, and without it rows are deleted.
        if self.empties() || self.changes.as_ref().is_some_and(deletes) {
            asked.push(("DELETE", format!("DELETE FROM {table}")));
        }
        asked
    }
}

/// Asks for a table; where it is not there, or not to be seen, for what makes it, too.
async fn ask(
    conn: &mut Conn,
    missing: &mut Missing,
    name: &TableName,
    (asked, made): (&[Asked], Option<String>),
) -> Result<(), Refusal> {
    let on = name.quoted();
    let (mut seen, mut lacks) = (false, false);
    for (privilege, statement) in asked {
        match denied(conn, statement).await? {
            Some(Denied::Absent) => {}
            Some(Denied::Privilege(_)) => {
                lacks = true;
                missing.add(&on, privilege);
            }
            None => seen = true,
        }
    }
    let Some(made) = made.filter(|_| !seen) else {
        return Ok(());
    };
    let privilege = match denied(conn, &made).await? {
        Some(Denied::Privilege(privilege)) => Some(privilege),
        // It has this one already. Only together with it the others can be given before there is a table.
        _ => lacks.then(|| "CREATE".to_string()),
    };
    if let Some(privilege) = privilege {
        missing.add(&on, &privilege);
    }
    Ok(())
}

/// Why a statement cannot be prepared, as far as that is about privileges.
enum Denied {
    /// This one is missing.
    Privilege(String),
    Absent,
}

async fn denied(conn: &mut Conn, statement: &str) -> Result<Option<Denied>, Refusal> {
    let error = match conn.prep(statement).await {
        Ok(prepared) => {
            conn.close(prepared).await?;
            return Ok(None);
        }
        Err(error) => error,
    };
    let Some(said) = answer(&error) else {
        return Err(error);
    };
    let command = said.message.split(" command denied").next();
    let command = command.unwrap_or_default().to_string();
    Ok(match said.code {
        code if DENIED.contains(&code) => Some(Denied::Privilege(command)),
        code if ABSENT.contains(&code) => Some(Denied::Absent),
        // What else is wrong is found out where more is known of it.
        _ => None,
    })
}

/// `reader@%` as `GRANT` spells it.
fn account(user: &str) -> String {
    let (name, host) = user.rsplit_once('@').unwrap_or((user, "%"));
    format!("'{name}'@'{host}'")
}
