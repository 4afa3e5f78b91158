//! Users and passwords within texts: no message shows them.

/// The text with a star for every character of a URL's user and password, so that a caret below
/// still stands where it should.
pub fn without_users(text: &str) -> String {
    without_bare_users(&without_url_users(text))
}

/// `user:password@host` where no scheme stands before it: the server that it is meant for is told in
/// other ways, but the password is one.
fn without_bare_users(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || "/`'\",=({[<>".contains(c);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        // A password may have one, too: the last one before something else stands before the host.
        let word = &rest[at..at + rest[at..].find(ends).unwrap_or(rest.len() - at)];
        let (before, after) = rest.split_at(at + word.rfind('@').unwrap_or(0));
        let begin = before.rfind(ends).map_or(0, |end| {
            end + before[end..].chars().next().map_or(1, char::len_utf8)
        });
        let user = &before[begin..];
        let host = after[1..].starts_with(|c: char| c.is_alphanumeric() || c == '[');
        // An address of mail has no colon before its `@`, and stays; `${env:NAME}` is no password.
        let is_name = before[..begin].ends_with("${") && user.ends_with('}');
        let hidden = host && user.contains(':') && !user.starts_with(':');
        let hidden = hidden && !is_name && !is_placeholder(user);
        shown.push_str(&before[..begin]);
        match hidden {
            true => shown.extend(user.chars().map(|_| '*')),
            false => shown.push_str(user),
        }
        shown.push('@');
        rest = &after[1..];
    }
    shown + rest
}

fn without_url_users(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let user = user_end(before, after);
        let stars = match is_placeholder(&after[..user]) {
            true => after[..user].to_string(),
            false => "*".repeat(after[..user].chars().count()),
        };
        shown.extend([before, "://", &stars]);
        rest = &after[user..];
    }
    shown + rest
}

/// Where the user ends behind `://`; 0 without one. Whoever has not encoded a `/` in a password wants it
/// hidden all the same: what is no port is the beginning of one, and only pages have an `@` in their paths.
fn user_end(before: &str, after: &str) -> usize {
    let ends = |c: char| c.is_whitespace() || "`'\"".contains(c);
    let whole = &after[..after.find(ends).unwrap_or(after.len())];
    let authority = &whole[..whole.find(['/', '?', '#']).unwrap_or(whole.len())];
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    let is_port = |port: &str| port.ends_with(']') || port.parse::<u16>().is_ok();
    let is_page = before.ends_with("http") || before.ends_with("https");
    let inside = authority.rfind('@');
    let user = match port {
        None => inside,
        Some(_) if !is_page => whole.rfind('@'),
        Some(port) if is_port(port) => inside,
        Some(_) => inside.or(whole.rfind('@')),
    };
    user.unwrap_or(0)
}

/// True of what stands for a user in a hint, and of names in the place of their values: nothing of them is
/// secret, and who reads a hint needs them.
fn is_placeholder(user: &str) -> bool {
    let mut rest = user;
    let mut literal = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        let Some((_, behind)) = after.split_once('}') else {
            return false;
        };
        literal.push_str(before);
        rest = behind;
    }
    literal.push_str(rest);
    matches!(literal.as_str(), "" | ":" | "USER:PASSWORD")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_urls_are_hidden() {
        for (text, shown) in [
            ("`postgres://u:pw@host/a`", "`postgres://****@host/a`"),
            ("a://b@c, d://e:f@g@h", "a://*@c, d://*****@h"),
            ("http://host/@me and x://", "http://host/@me and x://"),
            ("no url: a@b", "no url: a@b"),
            ("`me:pw@host:9092`", "`*****@host:9092`"),
            (
                "brokers: \"a:1,me:p@w@host\"",
                "brokers: \"a:1,******@host\"",
            ),
            ("é:ü@[::1]", "***@[::1]"),
            ("at 10:30 @ home, a@b.c:d", "at 10:30 @ home, a@b.c:d"),
            // What ends a user where nobody has encoded it.
            ("db://u:p/w@h/d", "db://*****@h/d"),
            ("db://u:1/w@h/d", "db://*****@h/d"),
            ("db://u:p@s#w?@h/d and a@b", "db://********@h/d and a@b"),
            ("http://u:p/w@h/d", "http://*****@h/d"),
            ("http://u:p@h:80/@d", "http://***@h:80/@d"),
            ("http://h:80/@d", "http://h:80/@d"),
            // What is no user.
            ("`db://USER:PASSWORD@HOST/`", "`db://USER:PASSWORD@HOST/`"),
            ("say USER:PASSWORD@HOST", "say USER:PASSWORD@HOST"),
            (
                "db://${env:U:-a}:${env:P}@${h}/",
                "db://${env:U:-a}:${env:P}@${h}/",
            ),
            ("db://me:${env:P}@h/", "db://***********@h/"),
            ("db://${env:P}x@h/", "db://*********@h/"),
        ] {
            assert_eq!(without_users(text), shown);
        }
    }
}
