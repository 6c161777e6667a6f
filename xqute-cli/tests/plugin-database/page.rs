//! Do the queries that the page gives work, in both databases?

use std::path::Path;

use super::base::Base;

/// The blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut parts = page.split("```");
    let mut blocks = Vec::new();
    while let (Some(_), Some(block)) = (parts.next(), parts.next()) {
        blocks.extend(block.strip_prefix(language).and_then(|it| it.strip_prefix('\n')).map(str::to_owned));
    }
    blocks
}

#[test]
fn each_query_of_the_page_has_an_answer() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins/database.md");
    let page = std::fs::read_to_string(path).unwrap();
    let queries: Vec<String> = blocks(&page, "sql")
        .iter()
        .flat_map(|it| it.split(";\n").map(|it| it.trim().to_owned()).collect::<Vec<_>>())
        .filter(|it| !it.is_empty())
        .collect();
    assert!(queries.len() >= 6, "{queries:?}");
    for base in Base::both() {
        let list = "sh -c 'exit 3'\nsh -c 'sleep 0.2'\ntrue\n";
        let run = base.start(&["-q", "--num-retries", "1", "--retry-delay", "0s"], list);
        assert_eq!(run.wait_with_output().unwrap().status.code(), Some(1));
        for query in &queries {
            assert!(base.ask(query).is_some_and(|it| !it.is_empty()), "{query}");
        }
    }
}

#[test]
fn the_page_has_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins/database.md");
    let page = std::fs::read_to_string(path).unwrap();
    let base = Base::sqlite();
    base.run(&["-q"], "true\n");
    let columns = base.rows(
        "SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type IN ('table', 'view')",
    );
    assert!(columns.len() > 50);
    let (_, tables) = page.split_once("\n## Tables\n").unwrap();
    for column in columns {
        let (table, name) = column.split_once('.').unwrap();
        let row = tables.lines().find(|it| it.starts_with(&format!("| `{table}` |")));
        let row = row.unwrap_or_else(|| panic!("the page has no row for {table}"));
        assert!(row.contains(&format!("`{name}`")), "the page does not name {column}");
    }
}
