//! Is there one xqute in what is to be built? The hooks of a plugin that has another would never be called.

use anyhow::{Result, bail};

const CORE: &str = "xqute-core ";
const COMMAND_LINE: &str = "xqute-cli ";

/// Reads `cargo tree`: lines of a depth, a name, and where it is from. What the binary depends on is at depth 1.
pub(super) fn check(tree: &str) -> Result<()> {
    let (mut of, mut cores) = ("", Vec::new());
    for line in tree.lines() {
        let name = line.trim_start_matches(|it: char| it.is_ascii_digit());
        match &line[..line.len() - name.len()] {
            "1" => of = name,
            _ if name.starts_with(CORE) => cores.push((of, name)),
            _ => {}
        }
    }
    let own = cores.iter().find(|(of, _)| of.starts_with(COMMAND_LINE)).map(|(_, core)| *core);
    match cores.iter().find(|(_, core)| own.is_some_and(|own| own != *core)) {
        None => Ok(()),
        Some((of, other)) => bail!(
            "{of} has another xqute than the binary ({other}, and {}): its hooks would never be called. \
             Use a version of it for this xqute, or build on the other (--xqute DIR)",
            own.unwrap_or_default()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_another_is_named() {
        let tree = "0xqute-build v0.0.0 (/b)\n1xqute-cli v0.1.0 (/x)\n2xqute v0.1.0 (/x)\n3xqute-core v0.1.0 (/x)\n\
                    1xqute-plugin-tell v1.0.0\n2xqute v0.1.0 (/x)\n3xqute-core v0.1.0 (/x)\n";
        check(tree).unwrap();
        let two = format!("{tree}1old v1.0.0 (/o)\n2xqute v0.0.9\n3xqute-core v0.0.9\n");
        let told = check(&two).unwrap_err().to_string();
        assert!(told.starts_with("old v1.0.0 (/o) has another xqute than the binary (xqute-core v0.0.9, and xqute-core v0.1.0 (/x))"), "{told}");
    }
}
