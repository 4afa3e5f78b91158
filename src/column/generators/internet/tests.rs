//! Tests of `internet`.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Hosts;
use crate::column::generators::facts::Facts;
use crate::column::testing::{Tables, check_any_split, one, problem};

fn table(rows: u64, options: &str) -> Tables {
    let mut columns = format!("net: {{ internet: {{ {options} }} }}");
    for field in Hosts::FIELDS {
        columns += &format!("\n{field}: {{ copy: net.{field} }}");
    }
    one(rows, &columns)
}

#[test]
fn hosts_look_like_this() {
    let mut shown = String::new();
    for options in [
        "",
        "networks: private",
        "show: ipv4, networks: [10.20.0.0/16]",
    ] {
        let tables = table(2, options);
        for row in 0..2 {
            let net = tables.texts("t", "net")[row].clone();
            let fields = Hosts::FIELDS
                .iter()
                .map(|field| tables.texts("t", field)[row].clone());
            shown += &format!("{net} | {}\n", fields.collect::<Vec<_>>().join(" | "));
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn addresses_are_of_their_networks() {
    let documented = |address: &Ipv4Addr| address.is_documentation();
    for (options, within) in [
        ("", &documented as &dyn Fn(&Ipv4Addr) -> bool),
        ("networks: private", &|address: &Ipv4Addr| {
            address.is_private()
        }),
        (
            "networks: [10.20.0.0/16, documentation]",
            &|address: &Ipv4Addr| address.octets()[..2] == [10, 20] || address.is_documentation(),
        ),
        ("networks: 0.0.0.0/0", &|_: &Ipv4Addr| true),
    ] {
        let tables = table(3000, options);
        let addresses: Vec<Ipv4Addr> = tables
            .texts("t", "ipv4")
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        assert!(addresses.iter().all(within), "{options}");
        let private = options.contains("private");
        for text in tables.texts("t", "ipv6") {
            let address: Ipv6Addr = text.parse().unwrap();
            let prefix = address.segments()[..2] == [0x2001, 0xdb8];
            assert!(prefix != private && address.to_string() == text, "{text}");
        }
        for text in tables.texts("t", "mac") {
            let first = u8::from_str_radix(&text[..2], 16).unwrap();
            assert!(first & 3 == 2 && text.len() == 17, "{text}");
        }
    }
}

#[test]
fn fields_agree_and_no_domain_is_anybodys() {
    let tables = table(2000, "");
    let texts = |field: &str| tables.texts("t", field);
    let (domain, host, url, email) = (texts("domain"), texts("host"), texts("url"), texts("email"));
    for row in 0..2000 {
        let ending = domain[row].rsplit('.').next().unwrap();
        assert!(["example", "test"].contains(&ending), "{}", domain[row]);
        assert!(host[row].ends_with(&format!(".{}", domain[row])));
        assert!(
            url[row].starts_with(&format!("https://{}/", host[row])),
            "{}",
            url[row]
        );
        assert!(email[row].ends_with(&format!("@{}", domain[row])));
    }
    check_any_split(&tables, "t", Hosts::FIELDS);
}

#[test]
fn what_is_wrong_is_shown_where_it_stands() {
    let column = |text: &str| problem(&format!("t:\n  rows: 9\n  columns:\n    c: {{ {text} }}\n"));
    insta::assert_snapshot!(
        [
            "internet: { show: ipv5 }",
            "internet: { networks: 10.0.0.1/8 }",
            "internet: { networks: [private, all] }",
            "internet: { networks: [] }",
            "internet: {}, type: int32",
        ]
        .map(column)
        .join("\n\n")
    );
}
