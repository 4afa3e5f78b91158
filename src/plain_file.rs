//! Files that are read whole before the run, and which files are read at all: a pipe waits for its
//! writer, and devices have no end.

use std::fs::{self, File, Metadata};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{FileExt, FileTypeExt};
use std::path::Path;

use crate::units::show_bytes;

/// A text that is read whole has no more bytes: pipelines with lists of a million values have fewer.
pub const MOST_TEXT: u64 = 256 << 20;

/// What is known of a plain file, without opening it.
///
/// # Errors
/// There is none, or it is something else.
pub fn plain(path: &Path) -> Result<Metadata, io::Error> {
    let found = fs::metadata(path)?;
    match what_else(&found) {
        None => Ok(found),
        Some(what) => Err(io::Error::other(format!("it is {what}, not a plain file"))),
    }
}

/// What it is where it is no plain file.
fn what_else(found: &Metadata) -> Option<&'static str> {
    let kind = found.file_type();
    let others = [
        (kind.is_dir(), "a folder"),
        (kind.is_fifo(), "a pipe"),
        (kind.is_socket(), "a socket"),
    ];
    let other = others.into_iter().find(|(is, _)| *is);
    (!kind.is_file()).then_some(other.map_or("a device", |(_, what)| what))
}

/// The text of a plain file, or of a pipe that a shell has made and that has no name: `<(…)`.
///
/// # Errors
/// It is something else, is too large, cannot be read or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, io::Error> {
    let pipe = fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
    if !(pipe && path.canonicalize().is_err()) && plain(path)?.len() > MOST_TEXT {
        return Err(too_large());
    }
    read_all(File::open(path)?)
}

fn too_large() -> io::Error {
    io::Error::other(format!("it has more than {}", show_bytes(MOST_TEXT)))
}

/// Opens or makes a file to add to; its name, if it is new, is on the disk, too.
///
/// # Errors
/// The system refuses.
#[cfg(any(feature = "kafka", feature = "sessions"))]
pub fn append_to(path: &Path) -> io::Result<File> {
    let new = path.ancestors().take_while(|path| !path.exists());
    let folders: Vec<&Path> = new.filter_map(Path::parent).collect();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)?;
    cut_half_line(path)?;
    for folder in folders {
        // The parent of a bare file name is the empty path.
        let empty = folder.as_os_str().is_empty();
        let folder = if empty { Path::new(".") } else { folder };
        File::open(folder)?.sync_all()?;
    }
    Ok(file)
}

/// Writes whole lines to the end of a file: where a disk is full, none of them.
///
/// # Errors
/// The system refuses.
pub fn add_lines<W>(file: &File, write: W) -> io::Result<()>
where
    W: FnOnce(&File) -> io::Result<()>,
{
    let found = file.metadata()?;
    let before = found.is_file().then_some(found.len());
    write(file).inspect_err(|_| {
        if let Some(before) = before {
            // What is wrong is told of the write.
            let _ = file.set_len(before);
        }
    })
}

/// Removes what a killed program has written of a last line: the next one would stand behind it.
///
/// # Errors
/// The system refuses.
pub fn cut_half_line(path: &Path) -> io::Result<()> {
    // A pipe or a device has no lines that stay.
    if !path.is_file() {
        return Ok(());
    }
    let file = match fs::OpenOptions::new().read(true).write(true).open(path) {
        // Who may only add to it cannot look.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        opened => opened?,
    };
    let length = file.metadata()?.len();
    let (mut end, mut block) = (length, vec![0; 64 << 10]);
    while end > 0 {
        let begin = end.saturating_sub(block.len() as u64);
        let piece = &mut block[..(end - begin) as usize];
        file.read_exact_at(piece, begin)?;
        if let Some(line) = piece.iter().rposition(|byte| *byte == b'\n') {
            end = begin + line as u64 + 1;
            break;
        }
        end = begin;
    }
    match end < length {
        true => file.set_len(end),
        false => Ok(()),
    }
}

/// Waits until the disk has what was written. A pipe, a terminal or another device has none.
///
/// # Errors
/// It has not.
pub fn wait_for_disk(file: &File) -> io::Result<()> {
    match file.metadata()?.is_file() {
        true => file.sync_data(),
        false => Ok(()),
    }
}

/// The text of what is open.
///
/// # Errors
/// It is too large, cannot be read or is not UTF-8.
pub fn read_all(from: impl Read) -> Result<String, io::Error> {
    let mut bytes = Vec::new();
    from.take(MOST_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_TEXT {
        return Err(too_large());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::other(format!("it is not UTF-8 text: byte {} is none", at + 1))
    })
}

/// True of a file that begins with something else than a JSON object with this key: it is written over
/// only where it is what an earlier run has left.
pub fn holds_other(path: &Path, key: &str) -> bool {
    let Some(file) = path.is_file().then(|| File::open(path).ok()).flatten() else {
        return false;
    };
    let mut first = serde_json::Deserializer::from_reader(BufReader::new(file))
        .into_iter::<serde_json::Map<String, serde_json::Value>>();
    match first.next() {
        Some(line) => !line.is_ok_and(|line| line.contains_key(key)),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn half_a_line_is_cut_off_and_a_write_that_fails_leaves_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad.jsonl");
        let long = "x".repeat(200_000);
        for (there, left) in [
            ("", ""),
            ("half", ""),
            ("{}\n", "{}\n"),
            ("{}\n{\"a", "{}\n"),
            (&format!("{{}}\n{long}"), "{}\n"),
            (&long, ""),
        ] {
            fs::write(&path, there).unwrap();
            cut_half_line(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), left);
        }
        fs::write(&path, "{}\n").unwrap();
        let file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        let full = add_lines(&file, |mut file| {
            file.write_all(b"{\"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(full.unwrap_err().kind(), io::ErrorKind::StorageFull);
        add_lines(&file, |mut file| file.write_all(b"[]\n")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{}\n[]\n");
    }

    #[test]
    fn what_has_no_end_is_not_opened() {
        let said = |path: &str| read_text(Path::new(path)).unwrap_err().to_string();
        assert_eq!(said("/dev/zero"), "it is a device, not a plain file");
        assert_eq!(said("/dev"), "it is a folder, not a plain file");
        assert!(said("/dev/nothing").starts_with("No such file"));
    }

    #[test]
    fn texts_are_utf8_and_have_an_end() {
        let said = |bytes: &[u8]| read_all(bytes).map_err(|error| error.to_string());
        assert_eq!(said(b"a: 1"), Ok("a: 1".into()));
        let not = "it is not UTF-8 text: byte 2 is none";
        assert_eq!(said(b"a\xff"), Err(not.into()));
        let endless = read_all(io::repeat(b' ')).unwrap_err().to_string();
        assert_eq!(endless, "it has more than 256.0 MiB");
    }
}
