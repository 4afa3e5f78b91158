//! A process of a machine, named so that another one on it can tell whether it is still there.

use std::fs;

use serde::{Deserialize, Serialize};

/// Who holds a place, where the system tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    /// The machine since it was started, and where its numbers of processes hold: a container has its own.
    machine: String,
    id: u32,
    /// A number is given again, but not with the same moment.
    began: String,
}

impl Process {
    /// This one.
    pub(super) fn own() -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let numbers = fs::read_link("/proc/self/ns/pid").ok()?;
        let id = std::process::id();
        Some(Self {
            machine: format!("{} {}", boot.trim(), numbers.display()),
            id,
            began: began(id)?,
        })
    }

    /// It was on this machine, and is there no more.
    pub(super) fn is_gone(&self) -> bool {
        let here = Self::own().is_some_and(|own| own.machine == self.machine);
        here && began(self.id).as_ref() != Some(&self.began)
    }
}

/// When a process began; nothing where there is none, or only its end that nobody has asked for yet.
fn began(id: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // Its name, in parentheses, may hold anything.
    let mut behind = stat.rsplit_once(')')?.1.split_whitespace();
    let state = behind.next()?;
    let began = behind.nth(18)?;
    (!matches!(state, "Z" | "X")).then(|| began.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_there_until_it_ends() {
        let own = Process::own().unwrap();
        assert!(!own.is_gone());
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let (id, began) = (child.id(), began(child.id()).unwrap());
        let other = Process { id, began, ..own };
        assert!(!other.is_gone());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(other.is_gone());
        let machine = "another".into();
        assert!(!Process { machine, ..other }.is_gone(), "nobody can tell");
    }
}
