//! The README's commands are what CI runs: a newcomer must not be told anything else.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// The command that the README gives for running the tests, which is the one that CI runs.
const TEST_COMMAND: &str = "cargo xtask test";

/// # Errors
///
/// The README is absent, or names another command for the tests.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let path = workspace.root.join("README.md");
    let text =
        fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    check(&text)?;
    println!("the README's test command is {TEST_COMMAND}");
    Ok(())
}

fn check(readme: &str) -> Result<()> {
    let commands = shell_commands(readme);
    if let Some(other) = commands
        .iter()
        .find(|command| command.starts_with("cargo test"))
    {
        bail!("README.md says `{other}`, but the tests are run by `{TEST_COMMAND}`");
    }
    if !commands.iter().any(|command| command == TEST_COMMAND) {
        bail!("README.md has no ```sh block with the line `{TEST_COMMAND}`");
    }
    Ok(())
}

/// The lines of all ```` ```sh ```` blocks, without comments.
fn shell_commands(markdown: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut inside = None;
    for line in markdown.lines().map(str::trim) {
        if let Some(language) = line.strip_prefix("```") {
            inside = if inside.is_none() {
                Some(language)
            } else {
                None
            };
        } else if inside == Some("sh") {
            let command = line.split(" #").next().unwrap_or(line).trim_end();
            if !command.is_empty() && !command.starts_with('#') {
                commands.push(command.to_owned());
            }
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_command_is_found_in_shell_blocks_only() {
        for (readme, holds) in [
            (
                "# x\n```sh\ncargo demo\n```\nthen\n```sh\ncargo xtask test      # all of it\n```\n",
                true,
            ),
            ("```sh\n# cargo xtask test\n```\n", false),
            ("```toml\ncargo xtask test\n```\n", false),
            ("```sh\ncargo demo\n```\ncargo xtask test\n", false),
            (
                "```sh\ncargo xtask test\ncargo test --workspace\n```\n",
                false,
            ),
        ] {
            assert_eq!(check(readme).is_ok(), holds, "{readme}");
        }
    }
}
