//! arrow-avro: its writer is serial, so each thread writes a file of its own.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use arrow_avro::writer::AvroWriter;

use crate::Result;
use crate::batches::{Batches, Coded};
use crate::ordered::on_each;

/// Container files beside `path`, one for each thread, without compression; or all of them nowhere.
pub fn write(batches: &Batches, path: &Path) -> Result<()> {
    let schema = batches.schema(Coded::None);
    on_each(batches.threads, |thread| {
        let own = path.with_extension(format!("{thread}.avro"));
        let file = File::create(if path == Path::new("/dev/null") {
            path
        } else {
            &own
        })?;
        let file = BufWriter::with_capacity(1 << 20, file);
        let mut writer = AvroWriter::new(file, schema.as_ref().clone())?;
        for number in (thread as u64..batches.count()).step_by(batches.threads) {
            writer.write(&batches.make_for(number, &schema)?)?;
        }
        writer.finish()?;
        Ok(())
    })
}
