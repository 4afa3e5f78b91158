//! Which source reads which sink back: a line for each.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};

use super::found::{AsTexts, Blank, Found, has_all};
use super::held::Held;
use super::hints::{as_told, nothing};
use super::nested::as_written;
use super::{Against, Options};
use crate::column::{ColumnType, UUID_EXTENSION};
use crate::error::{Error, Fault, Result};
use crate::format::FormatKind;
use crate::format::avro::Avro;
use crate::format::text::Leaf;
use crate::place::{LocalPath, Place, Placed, Text};
use crate::plan::{Job, SinkPlan};
use crate::sink::kafka::Kafka;
use crate::sink::{HeldFiles, Holds};
use crate::source::{self, Asked, Opened, Source, SourceKind, Types};

/// How values are spelt where they are, as far as that changes them.
#[derive(Debug, Clone)]
pub(super) enum Spelling {
    /// As text of CSV: bytes are digits, and the empty text may stand for another.
    Csv(Option<Option<String>>),
    /// As JSON.
    Json,
    /// As Avro.
    Avro(Box<Avro>),
    /// As PostgreSQL has them: its times have microseconds, its rows no order.
    Table,
    /// As MySQL has them: the same, and what is nested is JSON.
    Mysql,
    /// As themselves.
    Typed,
}

/// How what a sink has written is read back.
pub(super) enum Way<'o> {
    /// By a source, column by column.
    Source(Box<Reader>),
    /// Message by message; of a copy, if there is one.
    #[cfg_attr(
        not(feature = "kafka"),
        expect(dead_code, reason = "no message is read")
    )]
    Topic(&'o Kafka, Option<Box<source::kafka::Kafka>>),
}

/// Something that reads back what a sink has written.
pub(super) struct Reader {
    source: Arc<dyn Source>,
    /// How what it reads is spelt.
    pub spelling: Spelling,
    place: Place,
    /// What else has to be said of what it reads.
    pub notes: Vec<String>,
    /// What the sink has written; none of what somebody names.
    pub held: Option<HeldFiles>,
    /// Where paths of sinks start, if there is no such folder.
    lost: Option<String>,
}

impl Spelling {
    /// What is held of a column.
    ///
    /// # Errors
    /// Why that cannot be compared.
    pub(super) fn held(&self, field: &Field) -> Result<Held, String> {
        let leaf = Leaf::of(field);
        match self {
            Self::Csv(_) if leaf.is_none() => {
                Err("it is nested, and stands as text in CSV".to_string())
            }
            Self::Csv(_) | Self::Json if leaf == Some(Leaf::Binary) => Ok(Held::Hexadecimal),
            Self::Csv(Some(empty)) if leaf == Some(Leaf::Text) => Ok(Held::Empty(empty.clone())),
            Self::Avro(avro) => Ok(match avro.keeps(field.data_type()) {
                Some((unit, data_type)) => Held::Rounded(unit, data_type),
                None => Held::plain(field),
            }),
            Self::Mysql if leaf.is_none() => Ok(Held::Json),
            Self::Table | Self::Mysql => {
                Ok(microseconds(field).unwrap_or_else(|| Held::plain(field)))
            }
            _ => Ok(Held::plain(field)),
        }
    }

    /// True if rows are read in the order in which they were written.
    pub(super) fn has_order(&self) -> bool {
        !matches!(self, Self::Table | Self::Mysql)
    }

    /// True if types are asked of the source: what it reads has none of its own.
    fn is_untyped(&self) -> bool {
        matches!(self, Self::Csv(_) | Self::Json)
    }
}

/// What a table of a server is called.
fn called(into: Option<&Placed<Text>>, table: &str, place: &Place) -> Placed<Text> {
    let own = || Placed {
        value: Text(table.to_string()),
        place: place.clone(),
    };
    into.cloned().unwrap_or_else(own)
}

/// Times that have more than microseconds.
fn microseconds(field: &Field) -> Option<Held> {
    let kept = match field.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
        }
        DataType::Time64(TimeUnit::Nanosecond) => DataType::Time64(TimeUnit::Microsecond),
        _ => return None,
    };
    Some(Held::Rounded(TimeUnit::Microsecond, kept))
}

impl<'o> Way<'o> {
    /// What reads back what a sink holds of a table.
    ///
    /// # Errors
    /// Why nothing does.
    pub(super) fn of(
        holds: Holds<'o>,
        (job, plan): (&Job, &SinkPlan),
        options: &Options,
    ) -> Result<Self, String> {
        match holds {
            Holds::Nothing(why) => Err(why.to_string()),
            Holds::Files(files) => {
                let mut reader = Reader::of_files(&files)?;
                let out = &options.out;
                let lost = !out.as_os_str().is_empty() && !out.is_dir();
                reader.lost = lost.then(|| out.display().to_string());
                Ok(Self::Source(Box::new(reader)))
            }
            Holds::Topic(kafka) if cfg!(feature = "kafka") => Ok(Self::Topic(kafka, None)),
            Holds::Topic(_) => Err("this rowgen was built without Kafka".to_string()),
            Holds::Table(sink) if cfg!(feature = "postgres") => Ok(Self::Source(Box::new(
                Reader::of_table(sink, &job.table, plan),
            ))),
            Holds::Table(_) => Err("this rowgen was built without PostgreSQL".to_string()),
            Holds::MysqlTable(sink) if cfg!(feature = "mysql") => {
                let reader = Reader::of_mysql(sink, &job.table, plan);
                Ok(Self::Source(Box::new(reader)))
            }
            Holds::MysqlTable(_) => Err("this rowgen was built without MySQL".to_string()),
        }
    }

    /// How what it reads is spelt.
    pub(super) fn spelling(&self) -> Spelling {
        match self {
            Self::Source(reader) => reader.spelling.clone(),
            Self::Topic(..) => Spelling::Typed,
        }
    }
}

impl Reader {
    fn of_files(files: &HeldFiles) -> Result<Self, String> {
        let path = Placed {
            value: LocalPath(files.path.display().to_string()),
            place: files.place.clone(),
        };
        let (source, spelling): (Arc<dyn Source>, Spelling) = match &files.format {
            FormatKind::Csv(csv) => (
                Arc::new(source::csv::Csv::written(path, csv)),
                Spelling::Csv(csv.empty_as()),
            ),
            FormatKind::Json(_) => (
                Arc::new(source::json::Json::of(path).once()),
                Spelling::Json,
            ),
            FormatKind::Avro(avro) if avro.is_bare() => {
                return Err("bare datums do not say what they are".to_string());
            }
            FormatKind::Avro(avro) => (
                Arc::new(source::avro::Avro::of(path)),
                Spelling::Avro(Box::new(avro.clone())),
            ),
            FormatKind::Parquet(_) => (
                Arc::new(source::parquet::Parquet::of(path)),
                Spelling::Typed,
            ),
        };
        Ok(Self {
            source,
            spelling,
            place: files.place.clone(),
            notes: files.notes.clone(),
            held: Some(files.clone()),
            lost: None,
        })
    }

    fn of_table(sink: &crate::sink::postgres::Postgres, table: &str, plan: &SinkPlan) -> Self {
        let (url, tls) = (sink.url.clone(), sink.tls.clone());
        let table = called(sink.into.as_ref(), table, &url.place);
        let source = source::postgres::Postgres::of(url, table, sink.connections.clone(), tls);
        let source = match plan.applies() {
            Some(_) => source.with_load(&plan.load),
            None => source,
        };
        Self::of_server(Arc::new(source), Spelling::Table, &sink.url.place)
    }

    fn of_mysql(sink: &crate::sink::mysql::Mysql, table: &str, plan: &SinkPlan) -> Self {
        let (url, tls) = (sink.url.clone(), sink.tls.clone());
        let table = called(sink.into.as_ref(), table, &url.place);
        let source = source::mysql::Mysql::of(url, table, sink.connections.clone(), tls);
        let source = match plan.applies() {
            Some(_) => source.with_load(&plan.load),
            None => source,
        };
        Self::of_server(Arc::new(source), Spelling::Mysql, &sink.url.place)
    }

    fn of_server(source: Arc<dyn Source>, spelling: Spelling, place: &Place) -> Self {
        Self {
            source,
            spelling,
            place: place.clone(),
            notes: Vec::new(),
            held: None,
            lost: None,
        }
    }

    /// A source that somebody names.
    ///
    /// # Errors
    /// It is no source whose rows can be read at any time.
    pub(super) fn against<'o>(against: &Against, holds: Holds<'o>) -> Result<Way<'o>, String> {
        let (source, place) = (&against.source, &against.place);
        if let SourceKind::Kafka(copy) = source {
            return match holds {
                Holds::Topic(_) if !against.columns.is_empty() => {
                    Err("messages are compared whole, and `--columns` names parts of rows".into())
                }
                Holds::Topic(kafka) => Ok(Way::Topic(kafka, Some(Box::new(copy.clone())))),
                _ => Err("a topic is compared with what a `kafka` sink sends, message by message; the rows of other sinks are no messages".into()),
            };
        }
        let spelling = match source {
            SourceKind::Csv(_) => Spelling::Csv(None),
            SourceKind::Json(_) => Spelling::Json,
            SourceKind::Mysql(_) => Spelling::Mysql,
            SourceKind::Postgres(_) => Spelling::Table,
            _ => Spelling::Typed,
        };
        let source: Arc<dyn Source> = match source {
            SourceKind::Json(json) => Arc::new(json.clone().once()),
            other => other.shared(),
        };
        Ok(Way::Source(Box::new(Self {
            source,
            spelling,
            place: place.clone(),
            notes: Vec::new(),
            held: None,
            lost: None,
        })))
    }

    /// Opens it: columns that are called `names` there become `fields`. The first `typed` of them are
    /// those of files, the others those of folders.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub(super) fn open(&self, names: &[String], fields: &[Field], typed: usize) -> Result<Found> {
        if let Some(held) = self.held.as_ref().filter(|held| !held.is_there) {
            return Err(nothing(held, self.lost.as_deref()));
        }
        let untyped = self.spelling.is_untyped();
        let asked = |as_texts: bool| {
            let columns = names.iter().zip(fields).enumerate();
            let columns = columns.filter(|(index, _)| untyped || *index >= typed);
            let types = columns.map(|(index, (name, field))| {
                let data_type = match as_texts || index >= typed {
                    true => DataType::Utf8,
                    false => as_written(field.data_type()),
                };
                self.asked(name, field, data_type)
            });
            types.collect::<Vec<_>>()
        };
        let asked_first = asked(false);
        let mut records = open(self.source.as_ref(), &asked_first);
        let others = self.others(names, &fields[..typed]);
        if records.is_err() && !others.is_empty() {
            let types: Vec<_> = asked_first.into_iter().chain(others).collect();
            records = open(self.source.as_ref(), &types).or(records);
        }
        let records = records.map_err(|error| {
            self.lost(names)
                .unwrap_or(as_told(error, self.held.as_ref()))
        })?;
        let (source, texts) = (self.source.clone(), asked(true));
        let as_texts: AsTexts = Box::new(move || open(source.as_ref(), &texts));
        let blank = match self.spelling {
            Spelling::Csv(_) => Blank::All,
            _ => Blank::From(typed),
        };
        Found::new(records, names, fields, (untyped.then_some(as_texts), blank))
    }

    /// Columns that are not there, where types were asked of them that nobody has said.
    fn lost(&self, names: &[String]) -> Option<Error> {
        let as_it_is = open(self.source.as_ref(), &[]).ok()?;
        has_all(as_it_is.as_ref(), names).err()
    }

    /// As what columns are read where each as its own type cannot be: files of one set may have types that
    /// differ, and what holds the values of all of them loses nothing.
    fn others(
        &self,
        names: &[String],
        fields: &[Field],
    ) -> Vec<(Placed<String>, Placed<ColumnType>)> {
        let other = |data_type: &DataType| match (&self.spelling, data_type) {
            (Spelling::Csv(_) | Spelling::Json | Spelling::Table | Spelling::Mysql, _) => None,
            (_, DataType::Float32) => Some(DataType::Float64),
            (_, DataType::Date32) => Some(DataType::Timestamp(TimeUnit::Microsecond, None)),
            (_, other) => (!other.is_nested()).then(|| other.clone()),
        };
        let columns = names.iter().zip(fields);
        let columns = columns.filter_map(|(name, field)| {
            let data_type = other(field.data_type())?;
            Some(self.asked(name, field, data_type))
        });
        columns.collect()
    }

    fn asked(
        &self,
        name: &str,
        field: &Field,
        data_type: DataType,
    ) -> (Placed<String>, Placed<ColumnType>) {
        let uuid = Leaf::of(field) == Some(Leaf::Uuid) && data_type != DataType::Utf8;
        let wanted = ColumnType {
            data_type,
            extension: uuid.then_some(UUID_EXTENSION),
            length: None,
            required: false,
        };
        (self.placed(name.to_string()), self.placed(wanted))
    }

    fn placed<T>(&self, value: T) -> Placed<T> {
        Placed {
            value,
            place: self.place.clone(),
        }
    }
}

/// # Errors
/// It is not there, or nothing that can be read in any order.
fn open(source: &dyn Source, types: &Types) -> Result<Arc<dyn source::Records>> {
    let asked = Asked {
        types,
        only_read: true,
        ..Asked::default()
    };
    let opened = crate::sync::guarded(|| source.open(&asked));
    let opened =
        opened.unwrap_or_else(|| Err(Error::because("could not read it", source::DAMAGED)));
    // It was met, and nobody has written it wrongly.
    match opened.map_err(|error| Error {
        fault: Fault::Run,
        ..error
    })? {
        Opened::Records(records) => Ok(records),
        Opened::Stream(_) => Err(Error::user("a stream has no end that could be compared")),
    }
}
