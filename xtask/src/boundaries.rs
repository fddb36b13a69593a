//! `cargo xtask boundaries`: proves the dependencies between crates that must not exist.
//!
//! Read from the resolved graph of `cargo metadata`, for all platforms at once. An edge counts however many crates it
//! leads through. Dev-dependencies do not reach users and are no part of that; which of our own crates a crate may use
//! in its tests stands in the table as well.
//!
//! **Invariant:** a member of the workspace that has no row in the table is an error, so that a new crate gets its
//! boundaries with its first commit.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::Workspace;

/// What one crate may and must not lean on.
struct Row {
    name: &'static str,
    /// Crates of ours that it may name in `[dependencies]` or `[build-dependencies]`.
    may: &'static [&'static str],
    /// Crates of ours that it may name in `[dev-dependencies]` besides.
    tests_may: &'static [&'static str],
    /// Crates that must not be reached from it, by any way.
    never: &'static [&'static str],
}

const ROWS: &[Row] = &[
    Row {
        name: "sms-codec",
        may: &[],
        tests_may: &[],
        // No I/O, no async.
        never: &[
            "tokio",
            "mio",
            "async-trait",
            "futures-core",
            "sled",
            "reqwest",
            "tokio-serial",
            "nusb",
            "matrix-sdk",
            "teloxide",
            "axum",
        ],
    },
    Row {
        name: "modem",
        may: &["sms-codec"],
        tests_may: &["modem-sim"],
        // Knows nothing of chats or stores.
        never: &[
            "bridge-core",
            "adapter-matrix",
            "adapter-telegram",
            "sled",
            "reqwest",
            "matrix-sdk",
            "teloxide",
            "axum",
        ],
    },
    Row {
        name: "modem-sim",
        may: &[],
        // Not even in tests: a fault in a parser of ours would cancel itself out.
        tests_may: &[],
        never: &[
            "sms-codec",
            "modem",
            "bridge-core",
            "adapter-matrix",
            "adapter-telegram",
        ],
    },
    Row {
        name: "bot-api-sim",
        may: &[],
        tests_may: &[],
        never: &["bridge-core", "adapter-telegram", "teloxide"],
    },
    Row {
        name: "bridge-core",
        may: &["sms-codec"],
        tests_may: &[],
        // Knows no chat network and no serial port.
        never: &[
            "modem",
            "modem-sim",
            "adapter-matrix",
            "adapter-telegram",
            "tokio-serial",
            "nusb",
            "matrix-sdk",
            "teloxide",
            "axum",
        ],
    },
    Row {
        name: "adapter-telegram",
        may: &["bridge-core"],
        tests_may: &["bot-api-sim"],
        never: &[
            "adapter-matrix",
            "modem",
            "modem-sim",
            "matrix-sdk",
            "tokio-serial",
            "nusb",
        ],
    },
    Row {
        name: "adapter-matrix",
        may: &["bridge-core"],
        tests_may: &[],
        never: &[
            "adapter-telegram",
            "modem",
            "modem-sim",
            "teloxide",
            "tokio-serial",
            "nusb",
        ],
    },
    Row {
        name: "sms-bridge",
        may: &[
            "sms-codec",
            "modem",
            "modem-sim",
            "bridge-core",
            "adapter-matrix",
            "adapter-telegram",
        ],
        tests_may: &["bot-api-sim"],
        never: &["bot-api-sim", "xtask"],
    },
    Row {
        name: "xtask",
        may: &[],
        tests_may: &[],
        // Builds in seconds.
        never: &["tokio", "sms-bridge"],
    },
];

/// Feature sets of router builds, and what must not be in them.
const BUILDS: &[(&[&str], &[&str])] = &[
    (&[], &["modem-sim"]),
    (
        &["--no-default-features", "--features=telegram"],
        &["modem-sim", "adapter-matrix", "matrix-sdk"],
    ),
    (
        &["--no-default-features", "--features=matrix"],
        &["modem-sim", "adapter-telegram", "teloxide"],
    ),
    (
        &["--no-default-features", "--features=demo"],
        &[
            "adapter-matrix",
            "matrix-sdk",
            "adapter-telegram",
            "teloxide",
        ],
    ),
];

/// Prints what holds and what does not; `false` if something does not.
///
/// # Errors
///
/// `cargo metadata` failed or printed something else than expected.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let mut findings = Findings::default();
    check(&workspace.metadata(&["--all-features"])?, &mut findings)?;
    for (features, never) in BUILDS {
        check_build(
            &workspace.metadata(features)?,
            features,
            never,
            &mut findings,
        )?;
    }
    for proof in &findings.holds {
        println!("holds: {proof}");
    }
    for broken in &findings.broken {
        println!("BROKEN: {broken}");
    }
    println!(
        "{} boundaries hold, {} are broken",
        findings.holds.len(),
        findings.broken.len()
    );
    Ok(findings.broken.is_empty())
}

#[derive(Default)]
struct Findings {
    holds: Vec<String>,
    broken: Vec<String>,
}

impl Findings {
    fn add(&mut self, claim: &str, contradiction: Option<String>) {
        match contradiction {
            None => self.holds.push(claim.to_owned()),
            Some(why) => self.broken.push(format!("{claim}; but {why}")),
        }
    }
}

/// Everything that the table says, on metadata with all features.
fn check(metadata: &Value, findings: &mut Findings) -> Result<()> {
    let graph = Graph::read(metadata)?;
    for (member, manifest) in &graph.members {
        findings.add(
            &format!("{member} has a row in this check"),
            row(member).is_none().then(|| "it has none".to_owned()),
        );
        let lies = if member == "sms-bridge" {
            "Cargo.toml".to_owned()
        } else {
            format!("{member}/Cargo.toml")
        };
        let elsewhere = (*manifest != lies).then(|| format!("it is {manifest}"));
        findings.add(&format!("{member} lies directly under the root"), elsewhere);
    }
    for row in ROWS {
        if !graph.members.contains_key(row.name) {
            bail!("the workspace has no crate {}", row.name);
        }
        let strays: Vec<_> = graph
            .ours(row.name, Kind::Shipped)
            .filter(|name| !row.may.contains(name))
            .collect();
        findings.add(
            &format!("{} leans on {}", row.name, listed(row.may)),
            named(&strays),
        );
        let in_tests = graph.ours(row.name, Kind::Tests);
        let strays: Vec<_> = in_tests
            .filter(|name| !row.may.contains(name) && !row.tests_may.contains(name))
            .collect();
        let both: Vec<_> = row.may.iter().chain(row.tests_may).copied().collect();
        findings.add(
            &format!("{} leans in its tests on {}", row.name, listed(&both)),
            named(&strays),
        );
        for never in row.never {
            findings.add(
                &format!("{} never reaches {never}", row.name),
                graph.way(row.name, never),
            );
        }
    }
    Ok(())
}

/// That a build of the program with some features does without some crates.
fn check_build(
    metadata: &Value,
    features: &[&str],
    never: &[&str],
    findings: &mut Findings,
) -> Result<()> {
    let graph = Graph::read(metadata)?;
    let build = if features.is_empty() {
        "with default features".to_owned()
    } else {
        features.join(" ")
    };
    for name in never {
        findings.add(
            &format!("sms-bridge {build} does without {name}"),
            graph.way("sms-bridge", name),
        );
    }
    Ok(())
}

fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        "no crate of ours".to_owned()
    } else {
        format!("{} alone", names.join(", "))
    }
}

fn named(strays: &[&str]) -> Option<String> {
    (!strays.is_empty()).then(|| format!("it names {}", strays.join(", ")))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// `[dependencies]` and `[build-dependencies]`.
    Shipped,
    /// `[dev-dependencies]`.
    Tests,
}

/// The resolved graph, by crate name: two versions of one crate are one node, which errs on the safe side.
struct Graph {
    edges: BTreeMap<String, BTreeSet<(Kind, String)>>,
    /// Members of the workspace, and the manifest of each relative to the root.
    members: BTreeMap<String, String>,
}

impl Graph {
    fn read(metadata: &Value) -> Result<Self> {
        let root = text(metadata, "workspace_root")?;
        let member_ids: BTreeSet<_> = list(metadata, "workspace_members")?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let mut names = BTreeMap::new();
        let mut members = BTreeMap::new();
        for package in list(metadata, "packages")? {
            let (id, name) = (text(package, "id")?, text(package, "name")?);
            names.insert(id, name);
            if member_ids.contains(id) {
                let manifest = text(package, "manifest_path")?;
                let relative = manifest
                    .strip_prefix(root)
                    .unwrap_or(manifest)
                    .trim_start_matches('/');
                members.insert(name.to_owned(), relative.to_owned());
            }
        }
        let name_of = |id: &str| {
            names
                .get(id)
                .map(|name| (*name).to_owned())
                .with_context(|| format!("no package {id}"))
        };
        let mut edges: BTreeMap<String, BTreeSet<(Kind, String)>> = BTreeMap::new();
        let resolve = metadata.get("resolve").context("no resolved graph")?;
        for node in list(resolve, "nodes")? {
            let from = edges.entry(name_of(text(node, "id")?)?).or_default();
            for dependency in list(node, "deps")? {
                let to = name_of(text(dependency, "pkg")?)?;
                for kind in list(dependency, "dep_kinds")? {
                    let kind = if kind.get("kind").is_some_and(|kind| kind == "dev") {
                        Kind::Tests
                    } else {
                        Kind::Shipped
                    };
                    from.insert((kind, to.clone()));
                }
            }
        }
        Ok(Self { edges, members })
    }

    /// The crates of ours that a crate names itself.
    fn ours(&self, from: &str, kind: Kind) -> impl Iterator<Item = &str> {
        let named = self
            .edges
            .get(from)
            .into_iter()
            .flatten()
            .filter(move |(this, _)| *this == kind);
        named
            .map(|(_, name)| name.as_str())
            .filter(|name| self.members.contains_key(*name))
    }

    /// The shortest way from one crate to another, as `a leads to b by a → c → b`; `None` where there is no way.
    fn way(&self, from: &str, to: &str) -> Option<String> {
        let mut came_from = BTreeMap::from([(from, from)]);
        let mut next = VecDeque::from([from]);
        while let Some(at) = next.pop_front() {
            for (kind, name) in self.edges.get(at).into_iter().flatten() {
                if *kind == Kind::Shipped && !came_from.contains_key(name.as_str()) {
                    came_from.insert(name, at);
                    next.push_back(name);
                }
            }
        }
        let mut at = *came_from.get_key_value(to)?.0;
        let mut way = vec![at];
        while at != from {
            at = came_from.get(at)?;
            way.push(at);
        }
        way.reverse();
        Some(way.join(" → "))
    }
}

fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value
        .get(field)
        .and_then(Value::as_str)
        .with_context(|| format!("cargo metadata has no {field}"))
}

fn list<'a>(value: &'a Value, field: &str) -> Result<&'a Vec<Value>> {
    value
        .get(field)
        .and_then(Value::as_array)
        .with_context(|| format!("cargo metadata has no {field}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Metadata of a workspace that holds, with an edge for each of `more`: from, to, kind.
    fn metadata(more: &[(&str, &str, Option<&str>)]) -> Value {
        let mut edges = vec![
            ("sms-bridge", "bridge-core", None),
            ("sms-bridge", "adapter-telegram", None),
            ("sms-bridge", "adapter-matrix", None),
            ("sms-bridge", "modem", None),
            ("adapter-telegram", "bridge-core", None),
            ("adapter-telegram", "teloxide", None),
            ("adapter-matrix", "bridge-core", None),
            ("adapter-matrix", "matrix-sdk", None),
            ("bridge-core", "sms-codec", None),
            ("bridge-core", "helper", None),
            ("modem", "modem-sim", Some("dev")),
            ("modem", "sms-codec", None),
            ("modem", "tokio-serial", None),
        ];
        edges.extend(more);
        let foreign = ["teloxide", "matrix-sdk", "tokio-serial", "helper"];
        let names: Vec<_> = ROWS.iter().map(|row| row.name).chain(foreign).collect();
        let packages = names.iter().map(|name| {
            let folder = if *name == "sms-bridge" { String::new() } else { format!("{name}/") };
            json!({"id": format!("id-{name}"), "name": name, "manifest_path": format!("/w/{folder}Cargo.toml")})
        });
        let nodes = names.iter().map(|name| {
            let deps = edges.iter().filter(|(from, ..)| from == name).map(
                |(_, to, kind)| json!({"pkg": format!("id-{to}"), "dep_kinds": [{"kind": kind, "target": null}]}),
            );
            json!({"id": format!("id-{name}"), "deps": deps.collect::<Vec<_>>()})
        });
        json!({
            "workspace_root": "/w",
            "workspace_members": ROWS.iter().map(|row| format!("id-{}", row.name)).collect::<Vec<_>>(),
            "packages": packages.collect::<Vec<_>>(),
            "resolve": {"nodes": nodes.collect::<Vec<_>>()},
        })
    }

    fn broken(metadata: &Value) -> Vec<String> {
        let mut findings = Findings::default();
        check(metadata, &mut findings).unwrap();
        findings.broken
    }

    #[test]
    fn a_workspace_within_its_boundaries_holds() {
        assert_eq!(broken(&metadata(&[])), Vec::<String>::new());
    }

    #[test]
    fn the_core_must_not_depend_on_an_adapter() {
        assert_eq!(
            broken(&metadata(&[("bridge-core", "adapter-telegram", None)])),
            [
                "bridge-core leans on sms-codec alone; but it names adapter-telegram",
                "bridge-core never reaches adapter-telegram; but bridge-core → adapter-telegram",
                "bridge-core never reaches teloxide; but bridge-core → adapter-telegram → teloxide",
                "adapter-matrix never reaches adapter-telegram; but adapter-matrix → bridge-core → adapter-telegram",
                "adapter-matrix never reaches teloxide; but adapter-matrix → bridge-core → adapter-telegram → teloxide",
            ]
        );
    }

    #[test]
    fn every_other_absent_edge_is_seen() {
        for (edge, expected) in [
            (
                ("bridge-core", "modem", None),
                "bridge-core never reaches tokio-serial; but bridge-core → modem → tokio-serial",
            ),
            (
                ("helper", "tokio-serial", None),
                "bridge-core never reaches tokio-serial; but bridge-core → helper → tokio-serial",
            ),
            (
                ("helper", "teloxide", Some("build")),
                "bridge-core never reaches teloxide; but bridge-core → helper → teloxide",
            ),
            (
                ("modem", "bridge-core", None),
                "modem never reaches bridge-core; but modem → bridge-core",
            ),
            (
                ("modem-sim", "sms-codec", Some("dev")),
                "modem-sim leans in its tests on no crate of ours; but it names sms-codec",
            ),
            (
                ("adapter-matrix", "adapter-telegram", None),
                "adapter-matrix leans on bridge-core alone; but it names adapter-telegram",
            ),
            (
                ("bridge-core", "modem-sim", Some("dev")),
                "bridge-core leans in its tests on sms-codec alone; but it names modem-sim",
            ),
        ] {
            let found = broken(&metadata(&[edge]));
            assert!(
                found.iter().any(|line| line == expected),
                "{edge:?}: {found:#?}"
            );
        }
    }

    #[test]
    fn what_dependencies_use_in_their_tests_reaches_nobody() {
        assert_eq!(
            broken(&metadata(&[("helper", "teloxide", Some("dev"))])),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_crate_without_a_row_or_away_from_the_root_is_refused() {
        let mut metadata = metadata(&[]);
        metadata["packages"][0]["name"] = json!("sms-parser");
        metadata["packages"][1]["manifest_path"] = json!("/w/crates/modem/Cargo.toml");
        let mut findings = Findings::default();
        assert!(
            check(&metadata, &mut findings).is_err(),
            "the row of sms-codec has no crate"
        );
        assert_eq!(
            findings.broken,
            [
                "modem lies directly under the root; but it is crates/modem/Cargo.toml",
                "sms-parser has a row in this check; but it has none",
                "sms-parser lies directly under the root; but it is sms-codec/Cargo.toml",
            ]
        );
    }

    #[test]
    fn a_router_build_does_without_the_simulator() {
        let mut findings = Findings::default();
        let with_demo = metadata(&[("sms-bridge", "modem-sim", None)]);
        check_build(&with_demo, &[], &["modem-sim"], &mut findings).unwrap();
        assert_eq!(
            findings.broken,
            ["sms-bridge with default features does without modem-sim; but sms-bridge → modem-sim"]
        );
    }
}
