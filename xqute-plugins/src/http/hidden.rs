//! What of a secret may a server say again, and how is it taken out of what people are told?

/// Shorter parts of a secret are words that anybody may use.
const SHORTEST: usize = 6;
/// Between parts: of an address, and of a header's value;
const BETWEEN: &[char] = &['/', '?', '&', ';', '#', '@', ',', ' ', '\t'];
/// and between the parts of such a part: the name and the value of a query, the quotes around it.
const WITHIN: &[char] = &['=', ':', '"', '\''];

/// Texts that nobody may be shown.
#[derive(Clone, Default)]
pub(super) struct Hidden(Vec<String>);

impl Hidden {
    /// An address, as a whole and without its host, and the parts of that.
    pub(super) fn address(address: &str) -> Self {
        let mut hidden = Self(vec![address.to_owned()]);
        let behind = address.split_once("://").map_or(address, |it| it.1);
        let (host, path) = behind.split_at(behind.find(['/', '?', '#']).unwrap_or(behind.len()));
        // Who is known there, and by which password.
        if let Some((user, _)) = host.rsplit_once('@') {
            hidden.add(user);
        }
        if path.len() > 1 {
            hidden.add(path);
        }
        hidden
    }

    /// Also this, as a whole and in parts; both as it stands and as it is meant, where `%2F` stands for `/`.
    pub(super) fn add(&mut self, secret: &str) {
        let parts = secret.split(BETWEEN);
        let smaller = parts.clone().flat_map(|it| it.split(WITHIN).chain(it.split_once('=').map(|it| it.1)));
        let parts = parts.chain(smaller).filter(|it| it.len() >= SHORTEST);
        for text in parts.chain([secret]).filter(|it| !it.is_empty()) {
            self.0.push(text.to_owned());
            self.0.extend(decoded(text));
        }
        // A part of something longer leaves the rest of that.
        self.0.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.0.dedup();
    }

    /// A text without them.
    pub(super) fn taken_out(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, it| text.replace(it, "…"))
    }
}

/// What is meant by a part of an address, if it is something else.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|it| u8::from_str_radix(it, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => {
                bytes.push(b'%');
                bytes.extend_from_slice(part.as_bytes());
            }
        }
    }
    let meant = String::from_utf8_lossy(&bytes).replace('+', " ");
    (meant != text && meant.trim().len() >= SHORTEST).then_some(meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_an_address_is_told_nor_its_meaning() {
        let address =
            "https://me:hunter2-0@a.example/services/hunter2-1?token=hunter2-2&x=a%2Fhunter2%203&y=1";
        let hidden = Hidden::address(address);
        for said in [
            address,
            "/services/hunter2-1?token=hunter2-2&x=a%2Fhunter2%203&y=1",
            "unknown token hunter2-2",
            "no hook \"hunter2-1\" here",
            "x is a/hunter2 3",
            "x=a%2Fhunter2%203",
            "user me, password hunter2-0",
        ] {
            let told = hidden.taken_out(said);
            assert!(!told.contains("hunter2") && told.contains('…'), "{told}");
        }
        assert_eq!(hidden.taken_out("a.example is down, y = 1"), "a.example is down, y = 1");
        assert_eq!(Hidden::address("https://a.example/").taken_out("1/2 done"), "1/2 done");
    }

    #[test]
    fn no_word_of_a_header_is_told() {
        for value in
            ["Bearer hunter2", "session=hunter2; lang=en", "token=\"hunter2\"", "hunter2", "id:hunter2=="]
        {
            let mut hidden = Hidden::default();
            hidden.add(value);
            for said in ["invalid token \"hunter2\"".to_owned(), format!("I know no {value}!")] {
                let told = hidden.taken_out(&said);
                assert!(!told.contains("hunter2") && told.contains('…'), "{value}: {told}");
            }
        }
    }

    #[test]
    fn what_is_wrongly_written_is_taken_as_it_is() {
        for (text, meant) in
            [("a%2", None), ("%zz-hunter", None), ("%é12345", None), ("h%75nter2", Some("hunter2"))]
        {
            assert_eq!(decoded(text).as_deref(), meant, "{text}");
        }
    }
}
