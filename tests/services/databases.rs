//! A database of a test's own on each of the servers, which the same tests are run against.

use std::ops::Deref;

use crate::environment;
use crate::runs::Runs;
use crate::{mysql, postgres};

/// A database, and runs into it.
pub struct Database {
    /// Which sink writes there.
    pub kind: &'static str,
    pub name: String,
    runs: Runs,
}

/// One of PostgreSQL and one of MariaDB.
pub fn both(name: &str) -> [Database; 2] {
    [in_postgres(name), in_mysql(name)]
}

pub fn in_postgres(name: &str) -> Database {
    let (name, url) = (postgres::fresh(name), environment("POSTGRES_URL"));
    postgres::sql(&format!("CREATE DATABASE {name}"));
    Database::new("postgres", name, &url)
}

pub fn in_mysql(name: &str) -> Database {
    let (name, url) = (postgres::fresh(name), environment("MYSQL_URL"));
    mysql::sql(&format!("CREATE DATABASE {name}"));
    Database::new("mysql", name, &url)
}

impl Database {
    fn new(kind: &'static str, name: String, url: &str) -> Self {
        let (server, _) = url.rsplit_once('/').unwrap();
        let runs = Runs::into(format!("{server}/{name}"));
        Self { kind, name, runs }
    }

    pub fn sql(&self, statements: &str) -> String {
        match self.kind {
            "mysql" => mysql::sql_at(&self.url, statements),
            _ => postgres::sql_at(&self.url, statements),
        }
    }

    /// How many rows a table has; none where it is not there.
    pub fn count(&self, table: &str) -> u64 {
        let schema = match self.kind {
            "mysql" => "DATABASE()",
            _ => "current_schema()",
        };
        let there = format!(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = {schema} AND table_name = '{table}'"
        );
        match self.sql(&there).as_str() {
            "0" => 0,
            _ => self
                .sql(&format!("SELECT count(*) FROM {table}"))
                .parse()
                .unwrap(),
        }
    }

    /// The same database as another user, who has this password.
    pub fn of_user(&self, user: &str, password: &str) -> String {
        let (scheme, behind) = self.url.split_once("://").unwrap();
        let (_, place) = behind.rsplit_once('@').unwrap();
        format!("{scheme}://{user}:{password}@{place}")
    }
}

impl Deref for Database {
    type Target = Runs;

    fn deref(&self) -> &Runs {
        &self.runs
    }
}
