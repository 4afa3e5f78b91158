//! Names that are near one that is wrong.

/// `did you mean …?` when one of `names` is near `wrong`.
pub fn did_you_mean<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(wrong, names).map(|name| format!("did you mean `{name}`?"))
}

/// Comparing takes as long as both names together, multiplied: what is longer is no name.
const LONGEST_NAME: usize = 200;

/// Names that differ in more than this are other names.
const FAR: usize = 3;

fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let comparable = |name: &&str| wrong.len().max(name.len()) <= LONGEST_NAME;
    // What is written is no suggestion.
    names
        .into_iter()
        .filter(comparable)
        .filter(|name| *name != wrong)
        .map(|name| (distance(wrong, name), name))
        // Damerau–Levenshtein: two letters in the wrong order are one mistake. A third of the
        // letters, and three at most; no measurement chose these. Names were once offered that had
        // little in common.
        .filter(|(distance, name)| *distance <= (wrong.len().max(name.len()) / 3).min(FAR))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn distance(wrong: &str, name: &str) -> usize {
    // Letters of the wrong case alone are no distance, however many they are.
    match wrong.eq_ignore_ascii_case(name) {
        true => 0,
        false => strsim::damerau_levenshtein(wrong, name),
    }
}
