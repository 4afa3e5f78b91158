//! Which source reads which sink back: a line for each.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};

use super::found::{AsTexts, Blank, Found, has_all};

use super::hints::{as_told, nothing};
use super::nested::as_written;
use super::no_rows::NoRows;
use super::servers::{reader, readers_of_changes, without};
use super::spelling::Spelling;
use super::{Against, CompareOptions};
use crate::column::{ColumnType, UUID_EXTENSION};
use crate::error::{Error, Fault, Result};
use crate::format::FormatKind;

use crate::format::text::TextLeaf;
use crate::place::{FilePath, Place, Placed};
use crate::plan::{Job, SinkPlan};
use crate::sink::kafka::Kafka;
use crate::sink::{ChangesOf, HeldChanges, HeldFiles, HeldTable, Holds};
use crate::source::{self, Asked, Opened, Source, SourceKind, Types};

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
    /// Change by change, of documents that tell of them.
    #[cfg_attr(
        not(feature = "mongodb"),
        expect(dead_code, reason = "no document is read")
    )]
    Changes(Box<source::mongodb::MongoDb>),
}

/// Something that reads back what a sink has written.
pub(super) struct Reader {
    source: Arc<dyn Source>,
    /// How what it reads is spelt.
    pub spelling: Spelling,
    place: Place,
    /// What else has to be said of what it reads.
    pub notes: Vec<String>,
    /// The files that the sink has written; none with `--against`.
    pub held: Option<HeldFiles>,
    /// The folder in which paths of sinks start, if it is not there.
    lost: Option<String>,
}

impl<'o> Way<'o> {
    /// What reads back what a sink holds of a table.
    ///
    /// # Errors
    /// Why nothing does.
    pub(super) fn of(
        holds: Holds<'o>,
        (job, plan): (&Job, &SinkPlan),
        options: &CompareOptions,
    ) -> Result<Self, String> {
        match holds {
            Holds::Nothing(why) => Err(why.to_string()),
            Holds::Unread(why) => Err(why.message),
            Holds::Files(mut files) => {
                let lanes = plan.lanes.iter().flat_map(|lane| lane.iter());
                files.keep_own(&plan.fingerprint, lanes);
                let mut reader = Reader::of_files(&files)?;
                let out = &options.out;
                let lost = !out.as_os_str().is_empty() && !out.is_dir();
                reader.lost = lost.then(|| out.display().to_string());
                Ok(Self::Source(Box::new(reader)))
            }
            Holds::Topic(kafka) if cfg!(feature = "kafka") => Ok(Self::Topic(kafka, None)),
            Holds::Topic(_) => Err(without("Kafka")),
            Holds::Table(held) => {
                let load = plan.applies().map(|_| plan.load.as_str());
                let reader = Reader::of_table(&held, &job.table, load)?;
                Ok(Self::Source(Box::new(reader)))
            }
            Holds::Changes(_) => Err("it keeps changes of other tables".to_string()),
        }
    }

    /// What reads back what is kept of a table's changes: their documents, and the state that they have come to.
    ///
    /// # Errors
    /// Why nothing does.
    pub(super) fn of_changes(held: &HeldChanges<'_>, of: &ChangesOf) -> Result<[Self; 2], String> {
        if !cfg!(feature = "mongodb") {
            return Err(without("MongoDB"));
        }
        let [documents, state] = readers_of_changes(held, of);
        let place = &held.url.place;
        let state = Reader::of_source(Arc::new(state), Spelling::Documents, place);
        Ok([
            Self::Changes(Box::new(documents)),
            Self::Source(Box::new(state)),
        ])
    }

    /// How what it reads is spelt.
    pub(super) fn spelling(&self) -> Spelling {
        match self {
            Self::Source(reader) => reader.spelling.clone(),
            Self::Topic(..) => Spelling::Typed,
            Self::Changes(_) => Spelling::Json,
        }
    }
}

impl Reader {
    fn of_files(files: &HeldFiles) -> Result<Self, String> {
        let Some(text) = files.path.to_str() else {
            let shown = files.path.display();
            return Err(format!(
                "`{shown}` is a path that is no UTF-8: verify it from another folder, or under another name"
            ));
        };
        let path = Placed {
            value: FilePath(text.to_string()),
            place: files.place.clone(),
        };
        let (source, spelling): (Arc<dyn Source>, Spelling) = match &files.format {
            FormatKind::Csv(csv) => (
                Arc::new(source::csv::Csv::written(path, csv)),
                Spelling::Csv(csv.empty_as()),
            ),
            FormatKind::Json(_) => (
                // The types are known from the table, so the file is read once and not once more to
                // infer them.
                Arc::new(source::json::Json::of(path).once()),
                Spelling::Json,
            ),
            // Without the header of a container nothing says where a datum ends; a schema that does
            // not fit would read other values without an error.
            FormatKind::Avro(avro) if avro.is_bare() => {
                return Err("bare datums do not say what they are".to_string());
            }
            FormatKind::Avro(avro) => (
                Arc::new(source::avro::Avro::of(path)),
                Spelling::Avro(Box::new(avro.clone())),
            ),
            FormatKind::Parquet(_) => (
                Arc::new(source::parquet::Parquet::of(path)),
                match files.of_table {
                    true => Spelling::Delta,
                    false => Spelling::Typed,
                },
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

    /// A table of a server, with the progress of its load, where changes are applied to it.
    ///
    /// # Errors
    /// This build has no driver for it.
    pub(super) fn of_table(
        held: &HeldTable<'_>,
        table: &str,
        load: Option<&str>,
    ) -> Result<Self, String> {
        let (source, spelling) = reader(held, table, load)?;
        Ok(Self::of_source(source, spelling, &held.url.place))
    }

    fn of_source(source: Arc<dyn Source>, spelling: Spelling, place: &Place) -> Self {
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
        if let SourceKind::MongoDb(documents) = source
            && documents.has_changes()
        {
            return Ok(Way::Changes(Box::new(documents.clone())));
        }
        let spelling = match source {
            SourceKind::MongoDb(_) => Spelling::Documents,
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
        let reader = Self::of_source(source, spelling, place);
        Ok(Way::Source(Box::new(reader)))
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
        if let Some(held) = self.held.as_ref().filter(|held| held.is_empty) {
            let none = Arc::new(NoRows::new(held, names, fields));
            return Found::new(none, names, fields, (None, Blank::From(typed)));
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
        let held = self.held.clone();
        let open = move |source: &dyn Source, types: &Types| open(source, types, held.as_ref());
        let mut records = open(self.source.as_ref(), &asked_first);
        let others = self.others(names, &fields[..typed]);
        // Only after an error: files that agree with the table are read as they are, which is
        // quicker and loses nothing.
        if records.is_err() && !others.is_empty() {
            let types: Vec<_> = asked_first.into_iter().chain(others).collect();
            records = open(self.source.as_ref(), &types).or(records);
        }
        let records = records.map_err(|error| {
            let as_it_is = open(self.source.as_ref(), &[]).ok();
            let lost = as_it_is.and_then(|found| has_all(found.as_ref(), names).err());
            lost.unwrap_or(as_told(error, self.held.as_ref()))
        })?;
        let (source, texts) = (self.source.clone(), asked(true));
        let as_texts: AsTexts = Box::new(move || open(source.as_ref(), &texts));
        let blank = match self.spelling {
            Spelling::Csv(_) => Blank::All,
            _ => Blank::From(typed),
        };
        Found::new(records, names, fields, (untyped.then_some(as_texts), blank))
    }

    /// The types that columns are read as where a file refuses their own ones: files of one set may
    /// have types that differ, and what holds the values of all of them loses nothing.
    fn others(
        &self,
        names: &[String],
        fields: &[Field],
    ) -> Vec<(Placed<String>, Placed<ColumnType>)> {
        let other = |data_type: &DataType| match (&self.spelling, data_type) {
            (
                Spelling::Csv(_)
                | Spelling::Json
                | Spelling::Table
                | Spelling::Mysql
                | Spelling::Documents,
                _,
            ) => None,
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
        let uuid = TextLeaf::of(field) == Some(TextLeaf::Uuid) && data_type != DataType::Utf8;
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
fn open(
    source: &dyn Source,
    types: &Types,
    held: Option<&HeldFiles>,
) -> Result<Arc<dyn source::Records>> {
    let asked = Asked {
        types,
        knows_files: held.is_some(),
        folders: held.and_then(|held| held.partitions.as_ref()),
        // The source gives dictionaries as they are and asks no server for a digest of its rows,
        // which only generation needs: verifying 100 M rows of Parquet takes 1.3 times the CPU of
        // making them.
        only_read: true,
        ..Asked::default()
    };
    let opened = crate::sync::guarded(|| source.open(&asked));
    let opened =
        opened.unwrap_or_else(|| Err(Error::because("could not read it", source::DAMAGED)));
    // What reading meets is a failure of the run (exit code 2), not a mistake in the file (1):
    // nobody wrote the source into the pipeline.
    match opened.map_err(|error| Error {
        fault: Fault::Run,
        ..error
    })? {
        Opened::Records(records) => Ok(records),
        Opened::Stream(_) => Err(Error::user("a stream has no end that could be compared")),
    }
}
