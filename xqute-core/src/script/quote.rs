//! How are bytes written so that a shell reads them back unchanged?

use std::ffi::OsStr;

use crate::job::Argv;

/// Words that bash takes for its grammar where a command begins, if they are not quoted.
const RESERVED: [&[u8]; 18] = [
    b"case",
    b"coproc",
    b"do",
    b"done",
    b"elif",
    b"else",
    b"esac",
    b"fi",
    b"for",
    b"function",
    b"if",
    b"in",
    b"select",
    b"then",
    b"time",
    b"until",
    b"while",
    b"[[",
];

/// One word for a shell, in quotes where it needs them.
#[must_use]
pub fn word(text: &OsStr) -> Vec<u8> {
    let mut out = Vec::new();
    add(&mut out, text.as_encoded_bytes());
    out
}

/// Adds `bytes` in single quotes, in which a shell reads everything as it stands.
pub(super) fn single(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'\'');
    for &byte in bytes {
        match byte {
            b'\'' => out.extend_from_slice(br"'\''"),
            _ => out.push(byte),
        }
    }
    out.push(b'\'');
}

/// A command as one line that a shell runs, and bash's `eval`: any bytes, where [`Argv`]'s own text replaces what is no text.
#[must_use]
pub fn line(argv: &Argv) -> Vec<u8> {
    let mut out = Vec::new();
    let program = argv.program().as_encoded_bytes();
    // A first word with `%` is a job of the shell to bash, quoted or not, but not to `exec`.
    if program.starts_with(b"%") {
        out.extend_from_slice(b"exec ");
    }
    if RESERVED.contains(&program) || program.contains(&b'=') {
        single(&mut out, program);
    } else {
        add(&mut out, program);
    }
    for arg in argv.args() {
        out.push(b' ');
        add(&mut out, arg.as_encoded_bytes());
    }
    out
}

/// As it stands if it can, in double quotes if that is enough: the line as a whole is put in single quotes, and
/// stays readable so.
fn add(out: &mut Vec<u8>, bytes: &[u8]) {
    if !bytes.is_empty() && bytes.iter().all(|it| is_plain(*it)) {
        out.extend_from_slice(bytes);
    } else if bytes.iter().all(|it| is_plain_in_double_quotes(*it)) {
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
    } else {
        single(out, bytes);
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-./,:+@%=".contains(&byte)
}

fn is_plain_in_double_quotes(byte: u8) -> bool {
    (byte == b' ' || byte.is_ascii_graphic()) && !b"\"$`\\!".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(words: &[&str]) -> String {
        String::from_utf8(line(&Argv::new(words.to_vec()).unwrap())).unwrap()
    }

    #[test]
    fn what_needs_no_quotes_has_none() {
        assert_eq!(
            written(&["bwa", "mem", "-t4", "ref/hg38.fa", "--opt=a,b"]),
            "bwa mem -t4 ref/hg38.fa --opt=a,b"
        );
    }

    #[test]
    fn what_needs_quotes_has_the_kind_that_is_read_best() {
        assert_eq!(written(&["echo", "it's 5", "", "a*"]), r#"echo "it's 5" "" "a*""#);
        assert_eq!(written(&["awk", "{print $1}", "don't!"]), r"awk '{print $1}' 'don'\''t!'");
    }

    #[test]
    fn a_shell_reads_the_words_as_they_were() {
        use std::os::unix::ffi::OsStrExt;
        let words: [&[u8]; 9] =
            [b"plain", b"", b"it's", b"a b\n", b"$HOME `id` \\", b"~", b"\xFF*", b"A=b", b"!{}[]"];
        for shell in ["sh", "bash"] {
            let mut text = b"printf '%s\\0'".to_vec();
            for it in words {
                text.push(b' ');
                text.extend(word(OsStr::from_bytes(it)));
            }
            let out =
                std::process::Command::new(shell).arg("-c").arg(OsStr::from_bytes(&text)).output().unwrap();
            let read: Vec<&[u8]> = out.stdout.split(|it| *it == 0).take(words.len()).collect();
            assert_eq!(read, words, "{shell}");
        }
    }

    #[test]
    fn a_program_is_no_word_of_the_grammar() {
        assert_eq!(written(&["time", "time"]), "'time' time");
        assert_eq!(written(&["A=b", "A=b"]), "'A=b' A=b");
        assert_eq!(written(&["%1"]), "exec %1");
    }
}
