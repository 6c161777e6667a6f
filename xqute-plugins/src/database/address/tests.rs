//! Which connections are in the clear, and is nothing of a password told?

use super::*;

fn secured(url: &str) -> Secured {
    Address::parse(url).unwrap().secured
}

#[test]
fn only_what_stays_on_this_machine_is_in_the_clear_unasked() {
    for here in ["localhost", "127.0.0.1:5432", "[::1]:5432", "%2Frun%2Fpostgresql", "localhost,127.0.0.1"] {
        assert_eq!(secured(&format!("postgresql://u:p@{here}/jobs")), Secured::Plain, "{here}");
    }
    for elsewhere in ["db.example.org", "10.0.0.1", "localhost,db.example.org", "localhost.example.org"] {
        assert_eq!(secured(&format!("postgres://u:p@{elsewhere}/jobs")), Secured::Tls(None), "{elsewhere}");
    }
    assert_eq!(secured("postgresql://u@localhost/jobs?hostaddr=10.0.0.1"), Secured::Tls(None));
    assert_eq!(secured("postgresql://u@db.example.org/jobs?hostaddr=127.0.0.1"), Secured::Plain);
}

#[test]
fn who_asks_for_it_has_it_otherwise() {
    assert_eq!(secured("postgresql://u@db.example.org/jobs?sslmode=disable"), Secured::Plain);
    for mode in ["require", "verify-ca", "verify-full"] {
        assert_eq!(secured(&format!("postgresql://u@localhost/jobs?sslmode={mode}")), Secured::Tls(None));
    }
    let with_authority = "postgresql://u@localhost/jobs?connect_timeout=3&sslrootcert=%2Fetc%2Fca.pem";
    assert_eq!(secured(with_authority), Secured::Tls(Some("/etc/ca.pem".into())));
    for unclear in ["prefer", "allow", "x"] {
        let url = format!("postgresql://u@localhost/jobs?sslmode={unclear}");
        assert_eq!(Address::parse(&url).unwrap_err(), MODES);
    }
}

#[test]
fn no_message_shows_a_password() {
    for wrong in ["", "s3cret", "mysql://u:s3cret@h/d", "postgresql:///d", "postgresql://u:s3cret@h:s3cret/d"]
    {
        assert_eq!(Address::parse(wrong).unwrap_err(), SHAPE, "{wrong}");
    }
    assert_eq!(Address::parse("postgresql://u:p@h/d?s3cret=s3cret").unwrap_err(), SHAPE);
    let address = Address::parse("postgresql://user:s3cret@db.example.org:5433/jobs").unwrap();
    assert_eq!(address.to_string(), "postgresql://db.example.org:5433/jobs");
    assert_eq!(format!("{address:?}"), address.to_string());
}

#[test]
fn what_a_server_repeats_is_not_repeated() {
    let address = Address::parse("postgresql://user:s3%20cret@db.example.org/jobs").unwrap();
    let told = address.hide(Trouble::passing("no role has the password \"s3 cret\""));
    assert_eq!(&*told.why, "no role has the password \"…\"");
}
