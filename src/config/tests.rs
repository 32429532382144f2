use super::{Config, Format, Source};

fn read(format: Format, text: &str) -> Result<Config, crate::diagnostic::Diagnostic> {
    let source = Source { shown: format.file_name().into(), text: text.to_owned(), format };
    Config::read(source, format.file_name().into(), ".".into())
}

#[test]
fn reads_all() {
    let config = read(Format::Toml, "name = \"a\"\n[vars]\nX = 1\n").expect("sound");
    assert_eq!(config.all().len(), 1);
}
