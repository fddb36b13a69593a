//! Commits, what a transaction sees, and what opening refuses.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::store::record::Sends;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    (folder, path)
}

fn opened(path: &Path) -> String {
    Store::open(path).err().unwrap().to_string()
}

#[tokio::test]
async fn a_commit_is_there_after_reopening_and_a_transaction_sees_what_came_before_it() {
    let (_folder, path) = folder();
    {
        let store = Store::open(&path).unwrap();
        let none = Writes::new();
        let mut first = Transaction::new(&store, &none);
        first.save(b"a1".to_vec(), &1_u32).unwrap();
        first.save(b"a2".to_vec(), &2_u32).unwrap();
        let before = first.into_writes();
        let mut second = Transaction::new(&store, &before);
        assert_eq!(second.load::<u32>(b"a1").unwrap(), Some(1));
        second.remove(b"a1".to_vec());
        assert_eq!(second.load::<u32>(b"a1").unwrap(), None);
        assert_eq!(second.keys(b"a", 10).unwrap(), vec![b"a2".to_vec()]);
        let mut all = before.clone();
        all.extend(second.into_writes());
        store.commit(all).await.unwrap();
    }
    let store = Store::open(&path).unwrap();
    let none = Writes::new();
    let transaction = Transaction::new(&store, &none);
    assert_eq!(transaction.load::<u32>(b"a1").unwrap(), None);
    assert_eq!(transaction.load::<u32>(b"a2").unwrap(), Some(2));
}

#[test]
fn nobody_else_may_look_into_the_store_whoever_could_before() {
    let (_folder, path) = folder();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    drop(Store::open(&path).unwrap());
    for file in ["", "db", "conf", "commits", "blobs"] {
        let open = if mode(&path.join(file)) & 0o100 == 0 {
            0o644
        } else {
            0o755
        };
        std::fs::set_permissions(path.join(file), std::fs::Permissions::from_mode(open)).unwrap();
    }
    let _store = Store::open(&path).unwrap();
    for (file, expected) in [
        ("", 0o700),
        ("db", 0o600),
        ("conf", 0o600),
        ("commits", 0o600),
        ("blobs", 0o700),
        ("../store.lock", 0o600),
    ] {
        assert_eq!(mode(&path.join(file)), expected, "{file}");
    }
}

#[test]
fn a_store_of_a_newer_version_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    {
        let store = Store::open(&path).unwrap();
        let writes = Writes::from([(keys::schema(), Some(encode(&9_u32).unwrap()))]);
        store.write_whole(writes).unwrap();
    }
    for _ in 0..2 {
        let error = opened(&path);
        assert!(error.contains("newer sms-bridge (format 9"), "{error}");
    }
}

#[test]
fn a_format_that_cannot_be_read_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    {
        let store = Store::open(&path).unwrap();
        let writes = Writes::from([(keys::schema(), Some(b"\x01x".to_vec()))]);
        store.write_whole(writes).unwrap();
    }
    let error = opened(&path);
    assert!(error.contains("format cannot be read"), "{error}");
}

#[test]
fn a_second_owner_is_told_about_the_first() {
    let (_folder, path) = folder();
    let _first = Store::open(&path).unwrap();
    let error = opened(&path);
    let process = format!("in use by process {}", std::process::id());
    assert!(error.contains(&process), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_says_why() {
    let (folder, _) = folder();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let error = opened(&folder.path().join("file").join("store"));
    assert!(error.contains("failed to open"), "{error}");
}

/// What sled itself does not notice.
#[test]
fn what_is_gone_is_noticed_at_opening() {
    let (_folder, path) = folder();
    let with = |name: &str| Writes::from([(name.as_bytes().to_vec(), Some(encode(&1).unwrap()))]);
    {
        let store = Store::open(&path).unwrap();
        store.commit_blocking(with("message\0a")).unwrap();
        store.commit_blocking(with("message\0b")).unwrap();
        store
            .write_whole(Writes::from([(b"message\0a".to_vec(), None)]))
            .unwrap();
    }
    let error = opened(&path);
    assert!(
        error.contains("records are missing (message: 1 of 2)"),
        "{error}"
    );
    {
        let lock = open::hold(&path).unwrap();
        let store = Store::open_unread(&path, lock).unwrap();
        store.write_whole(with("message\0a")).unwrap();
        store.witness.note(5).unwrap();
    }
    let error = opened(&path);
    assert!(error.contains("the last 2 commits are gone"), "{error}");
}

#[test]
fn damaged_settings_of_the_database_are_written_anew() {
    let (_folder, path) = folder();
    drop(Store::open(&path).unwrap());
    let good = std::fs::read(path.join("conf")).unwrap();
    let mut bad = good.clone();
    bad[0] ^= 1;
    std::fs::write(path.join("conf"), bad).unwrap();
    drop(Store::open(&path).unwrap());
    assert_eq!(std::fs::read(path.join("conf")).unwrap(), good);
}

#[test]
fn a_record_that_cannot_be_read_goes_into_quarantine_and_counts_as_absent() {
    let (_folder, path) = folder();
    let store = Store::open(&path).unwrap();
    let key = keys::sends(&"home".parse().unwrap());
    for octets in [b"\x01{".to_vec(), b"\x07{}".to_vec(), vec![]] {
        let writes = Writes::from([(key.clone(), Some(octets.clone()))]);
        store.commit_blocking(writes).unwrap();
        let none = Writes::new();
        let transaction = Transaction::new(&store, &none);
        assert_eq!(transaction.load::<Sends>(&key).unwrap(), None);
        assert_eq!(transaction.broken(), ["sends"]);
        store.commit_blocking(transaction.into_writes()).unwrap();
        let transaction = Transaction::new(&store, &none);
        assert!(!transaction.exists(&key).unwrap());
        let quarantined: Quarantined = transaction.load(&keys::quarantine(&key)).unwrap().unwrap();
        assert_eq!(sms_codec::hex::decode(&quarantined.value).unwrap(), octets);
        assert!(transaction.broken().is_empty());
    }
}
