//! Times in a configuration that are read in a way that is told, or by another type.
use std::time::Duration;

mod millis {
    use std::time::Duration;

    use xqute::__private::serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u128(time.as_millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[xqute::config]
#[derive(Debug, Default)]
struct Config {
    #[serde(with = "millis")]
    #[schemars(with = "u64")]
    limit: Duration,
    #[serde(skip)]
    used: Duration,
    wait: Option<xqute::units::Time>,
}

fn main() {
    let Config { limit, used, wait } = Config::default();
    assert_eq!((limit + used, wait), (Duration::ZERO, None));
}
