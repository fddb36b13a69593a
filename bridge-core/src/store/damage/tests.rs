//! Damage anywhere: nothing panics, nothing is lost in silence.

use std::collections::BTreeMap;

use super::*;
use crate::store::record::Restored;
use crate::store::{encode, export_path, export_to_file};

const NOW: Timestamp = Timestamp(1_796_083_448_000);

type Contents = BTreeMap<Vec<u8>, Vec<u8>>;

/// A store of which every commit was acknowledged, over several starts.
fn filled(path: &Path) -> Contents {
    let mut random = fastrand::Rng::with_seed(7);
    let mut expected = Contents::new();
    for _ in 0..3 {
        let store = Store::open(path).unwrap();
        for _ in 0..40 {
            let mut writes = Writes::new();
            for _ in 0..random.usize(1..8) {
                let kind = random
                    .choice(["message", "post", "part", "receipt"])
                    .unwrap();
                let key = keys::join(kind, &random.u16(0..300).to_be_bytes());
                let text = "x".repeat(random.usize(0..600));
                let value = (random.u8(..) < 220).then(|| encode(&text).unwrap());
                writes.insert(key, value);
            }
            for (key, value) in &writes {
                match value {
                    Some(value) => expected.insert(key.clone(), value.clone()),
                    None => expected.remove(key),
                };
            }
            store.commit_blocking(writes).unwrap();
        }
    }
    expected
}

fn contents(store: &Store) -> Result<Contents, StoreError> {
    let mut found = Contents::new();
    store.each(|key, value| {
        if key != keys::tally() && key != keys::schema() {
            found.insert(key.to_vec(), value.to_vec());
        }
        Ok(())
    })?;
    Ok(found)
}

fn restored(store: &Store) -> Option<Restored> {
    let none = Writes::new();
    Transaction::new(store, &none)
        .load(&keys::restored())
        .unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

/// Copies a folder without folders in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for file in files(from) {
        std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

/// Changes a few octets, clears a range, or cuts the end off, of one of the files.
fn damage(folder: &Path, seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    let file = random.choice(files(folder)).unwrap();
    let mut octets = std::fs::read(&file).unwrap();
    // What was never written is not worth much: most of the log's file is empty.
    let used = octets
        .iter()
        .rposition(|octet| *octet != 0)
        .map_or(0, |last| last + 1);
    if used == 0 {
        return String::new();
    }
    let at = random.usize(0..used);
    let what = match random.u8(0..4) {
        0 => {
            octets[at] ^= 1 << random.u8(0..8);
            "one bit"
        }
        1 => {
            for _ in 0..8 {
                octets[random.usize(0..used)] = random.u8(..);
            }
            "eight octets"
        }
        2 => {
            let end = octets.len().min(at + 4096);
            octets[at..end].fill(0);
            "a page"
        }
        _ => {
            octets.truncate(at);
            "the end"
        }
    };
    std::fs::write(&file, octets).unwrap();
    format!(
        "seed {seed}: {what} of {:?} at {at}",
        file.file_name().unwrap()
    )
}

#[test]
fn whatever_is_damaged_all_is_there_or_it_is_put_aside() {
    let above = tempfile::tempdir().unwrap();
    let good = above.path().join("good");
    let expected = filled(&good);
    let (mut unharmed, mut replaced) = (0, 0);
    for seed in 0..SEEDS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        copy(&good, &path);
        let what = damage(&path, seed);
        let mut store = Store::open_or_replace(&path, NOW, Look::Usual).unwrap();
        // It can be used; what turns out damaged only then is replaced then.
        let key = keys::join("message", b"after");
        let value = encode(&"after").unwrap();
        let write = Writes::from([(key.clone(), Some(value.clone()))]);
        if store.commit_blocking(write.clone()).is_err() || contents(&store).is_err() {
            drop(store);
            store = Store::open_or_replace(&path, NOW, Look::Whole).unwrap();
            store.commit_blocking(write).unwrap();
        }
        let mut found = contents(&store).unwrap();
        assert_eq!(found.remove(&key), Some(value), "{what}");
        match restored(&store) {
            None => {
                assert_eq!(found, expected, "{what}");
                unharmed += 1;
            }
            Some(restored) => {
                let aside = folder.path().join(restored.aside.unwrap());
                assert!(aside.join("db").exists(), "{what}");
                replaced += 1;
            }
        }
        drop(store);
        assert!(crate::store::check(folder.path()).is_ok(), "{what}");
    }
    assert!(unharmed > 0 && replaced > 0, "{unharmed} {replaced}");
    println!("{unharmed} unharmed, {replaced} replaced");
}

const SEEDS: u64 = 48;

#[test]
fn a_store_that_cannot_be_read_at_all_is_made_of_the_newest_export_that_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let expected = {
        let store = Store::open(&path).unwrap();
        let key = keys::cursor(&crate::chat::Network("telegram".to_owned()), "offset");
        let value = encode(&"42").unwrap();
        store
            .commit_blocking(Writes::from([(key, Some(value))]))
            .unwrap();
        contents(&store).unwrap()
    };
    let made = Timestamp(NOW.0 - 60_000);
    export_to_file(folder.path(), &export_path(folder.path(), made), made).unwrap();
    std::fs::write(export_path(folder.path(), NOW), "cut").unwrap();
    let spoil = || {
        let length = std::fs::metadata(path.join("db")).unwrap().len();
        std::fs::write(
            path.join("db"),
            vec![0xA5; usize::try_from(length).unwrap()],
        )
        .unwrap();
    };
    spoil();
    {
        let store = Store::open_or_replace(&path, NOW, Look::Usual).unwrap();
        let told = restored(&store).unwrap();
        assert_eq!(told.from, RestoredFrom::Export(made));
        assert_eq!(told.aside.unwrap(), "store.damaged-20261201T000408Z");
        let mut found = contents(&store).unwrap();
        found.remove(&keys::restored());
        assert_eq!(found, expected);
    }
    // Once more within the same second, and without an export.
    spoil();
    for file in [
        export_path(folder.path(), made),
        export_path(folder.path(), NOW),
    ] {
        std::fs::remove_file(file).unwrap();
    }
    let store = Store::open_or_replace(&path, NOW, Look::Usual).unwrap();
    let told = restored(&store).unwrap();
    assert_eq!(told.from, RestoredFrom::Nothing);
    assert_eq!(told.aside.unwrap(), "store.damaged-20261201T000408Z-2");
}
