//! A type of one's own that does not say in a word what it is: `config_word!`.
#[derive(Default)]
struct Interval(u64);

impl<'de> serde::Deserialize<'de> for Interval {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u64::deserialize(from).map(Self)
    }
}

impl serde::Serialize for Interval {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

#[xqute::config]
#[derive(Default)]
struct Settings {
    every: Interval,
}

fn main() {}
