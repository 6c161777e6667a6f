//! Which plugins take secrets? Who adds one adds it here.

use crate::server::Speaks;

/// A plugin that takes secrets.
pub(crate) struct Use {
    pub(crate) plugin: &'static str,
    /// What its server speaks.
    pub(crate) speaks: Speaks,
    /// Its configuration, in which `@NAME@` stands where a secret is said to be, and `@PORT@` for its server's port.
    pub(crate) config: &'static str,
    /// The names that stand there, and the secrets, in each of which `hunter2` is what nobody may see; `@PORT@` as above.
    pub(crate) secrets: &'static [(&'static str, &'static str)],
}

pub(crate) const USES: &[Use] = &[
    Use {
        plugin: "database",
        speaks: Speaks::Postgres,
        config: "url = @DATABASE_URL@\ndrain = \"1s\"",
        secrets: &[("DATABASE_URL", "postgresql://me:hunter2-of-the-database@127.0.0.1:@PORT@/jobs")],
    },
    Use {
        plugin: "email",
        speaks: Speaks::Smtp,
        config: "to = \"me@example.org\"\nport = @PORT@\ntls = \"none\"\nuser = \"me\"\npassword = @MAIL_PASSWORD@\ndrain = \"1s\"",
        secrets: &[("MAIL_PASSWORD", "hunter2-of-the-mail")],
    },
    Use {
        plugin: "webhook",
        speaks: Speaks::Http,
        config: "url = @HOOK_URL@\nsign = @HOOK_KEY@\nheaders = { Authorization = @HOOK_TOKEN@ }\ndrain = \"1s\"",
        secrets: &[
            ("HOOK_URL", "http://127.0.0.1:@PORT@/hunter2-of-the-hook"),
            ("HOOK_KEY", "hunter2-of-the-key"),
            ("HOOK_TOKEN", "Bearer hunter2-of-the-token"),
        ],
    },
    Use {
        plugin: "slack",
        speaks: Speaks::Http,
        config: "url = @SLACK_URL@\ndrain = \"1s\"",
        secrets: &[("SLACK_URL", "http://127.0.0.1:@PORT@/hunter2-of-slack")],
    },
];
