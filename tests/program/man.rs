//! The manual pages and the completions say what the program takes: both are made from its flags.

use super::support::{COMMANDS, Folder};

/// The flags that a command's help names.
fn flags(help: &str) -> Vec<&str> {
    let words = help.split_whitespace();
    let words = words.filter(|word| word.starts_with("--") && word.len() > 2);
    words
        .map(|word| word.trim_end_matches(|c: char| !c.is_alphanumeric()))
        .collect()
}

#[test]
fn each_page_names_every_flag_and_every_exit_code() {
    let folder = Folder::new();
    for command in COMMANDS {
        let page = folder.run(&["man", command]);
        assert_eq!((page.code, page.stderr.as_str()), (0, ""), "{command}");
        assert!(
            page.stdout.contains(&format!("rowgen\\-{command}")),
            "{}",
            page.stdout
        );
        let plain = page.stdout.replace("\\-", "-");
        let help = folder.run(&[command, "--help"]).stdout;
        assert!(flags(&help).contains(&"--help"), "{help}");
        for flag in flags(&help) {
            assert!(plain.contains(flag), "{command} {flag}: {plain}");
        }
        for code in ["130, 143", "\\fB3\\fR"] {
            assert!(
                page.stdout.contains(code),
                "{command} {code}: {}",
                page.stdout
            );
        }
    }
}

#[test]
fn the_page_of_the_program_names_every_command() {
    let page = Folder::new().run(&["man"]).stdout;
    assert!(page.contains(".TH rowgen 1"), "{page}");
    for command in COMMANDS {
        assert!(
            page.contains(&format!("rowgen\\-{command}(1)")),
            "{command}: {page}"
        );
    }
}

#[test]
fn a_page_of_no_command_is_refused_with_a_hint() {
    let ended = Folder::new().run(&["man", "rnu"]);
    let said = "error: there is no command `rnu`\n  hint: did you mean `run`?\n";
    assert_eq!((ended.code, ended.stderr.as_str()), (1, said));
}

#[test]
fn completions_of_every_shell_know_every_command() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = folder.run(&["completions", shell]);
        assert_eq!(script.code, 0, "{}", script.stderr);
        for word in COMMANDS.into_iter().chain(["stall-timeout"]) {
            assert!(script.stdout.contains(word), "{shell} {word}");
        }
    }
}
