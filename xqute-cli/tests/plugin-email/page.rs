//! Do the examples of the page work? Each is what stands there, with this machine's Postfix in the place of the server's name.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::FAILS;
use crate::desk::{Desk, Port, mails, postfix};

#[test]
fn the_examples_of_the_page_work() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins/email.md");
    let text = fs::read_to_string(page).unwrap();
    let examples: Vec<&str> =
        text.split("```toml\n").skip(1).map(|it| it.split("```").next().unwrap()).collect();
    assert_eq!(examples.len(), 3);
    for (example, port) in examples.into_iter().zip([Port::Starttls, Port::Smtps, Port::Plain]) {
        let desk = Desk::new("page", port, "");
        let text = example
            .replace("you@example.org\"", &format!("{}\"", desk.to()))
            .replace("smtp.example.org", "localhost")
            .replace(&format!("user = \"{}\"", desk.to()), "user = \"tester@localhost\"")
            .replace("user = \"cluster\"", "user = \"tester@localhost\"")
            .replace("ca.pem", postfix("POSTFIX_CA"));
        let authority = if text.contains("ca_file") { "" } else { postfix("POSTFIX_CA") };
        let authority =
            if authority.is_empty() { String::new() } else { format!("ca_file = \"{authority}\"\n") };
        fs::write(desk.path("xqute.toml"), format!("{text}port = {}\n{authority}", port.number())).unwrap();
        fs::write(desk.path("mail-password"), postfix("POSTFIX_PASSWORD")).unwrap();
        fs::set_permissions(desk.path("mail-password"), Permissions::from_mode(0o600)).unwrap();
        let (code, told) = desk.run(&["run", "-q", "sh", "-c", FAILS, "x"]);
        assert!(code == 1 && !told.contains("email:"), "{text}\n{told}");
        assert!(mails(desk.to(), 1)[0]["body"].as_str().unwrap().contains("größe of x: not found"));
    }
}
