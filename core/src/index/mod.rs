//! index.db: what lists and screens read. Follows the journal, folds subject by subject, and can be deleted at any time.
//!
//! Owns its tables and is the only writer of them, on the phone and on the hub; reads from the nouns' tables what a record hangs on, is sorted and found by. Invariant:
//! deleting it changes no answer; it never follows another journal than the one it was built from.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::encoding::{Hash32, Value};
use crate::keys::{DatabaseKey, Roster};
use crate::merge::{Counting, Folded, Head, Standing, fold};
use crate::model::ids::{DeviceId, EntryId, SubjectId, SubjectRef};
use crate::nouns::{self, Search, Sensitivity};
use crate::store::{Durability, Journal, StoreError, check_seals, open_database, sql};
use crate::vocabulary::{Kind, KindClass};

const NAME: &str = "index.db";
const SCHEMA: &str = include_str!("schema.sql");

/// Rows read per step, so that a long rebuild shows progress and holds the journal only briefly.
const FOLLOW_ROWS: usize = 500;
/// Lists are paged; a caller that asks for more gets this many.
pub const PAGE_MAX: usize = 200;
/// Numbers of the ends of every link.
pub const LINK_ENDS: [u64; 2] = [1, 2];
/// Number of the photo among the fields of `renditions_made`.
const RENDITIONS_PHOTO: u64 = 1;
/// What hangs on nothing hangs here.
pub const ROOT: SubjectId = SubjectId([0; 16]);

/// The views of a journal.
#[derive(Debug)]
pub struct Index {
    connection: Connection,
    was_damaged: bool,
    counting: Option<(Hash32, Counting)>,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Subjects in the order of the list.
    pub subjects: Vec<SubjectId>,
    /// Where the next page begins; absent at the end.
    pub next: Option<PageCursor>,
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageCursor {
    sort: String,
    child: SubjectId,
}

/// Length of the id at the head of a cursor's text.
const CURSOR_ID_CHARS: usize = 36;

impl PageCursor {
    /// The cursor as one text, for callers that keep it between two pages.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}{}", self.child, self.sort)
    }

    /// Reads the text of a cursor.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, sort) = text.split_at_checked(CURSOR_ID_CHARS)?;
        Some(Self {
            sort: sort.to_owned(),
            child: SubjectId::parse(id)?,
        })
    }
}

impl Index {
    /// Opens the index of a journal; one that is damaged, of another schema or of another journal is made anew.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(path: &Path, key: &DatabaseKey, journal: &Journal) -> Result<Self, StoreError> {
        let was_damaged = match Self::open_existing(path, key, journal) {
            Ok(Some(index)) => return Ok(index),
            Ok(None) => false,
            Err(StoreError::Damaged { .. } | StoreError::Sql { .. }) => true,
            Err(error) => return Err(error),
        };
        for suffix in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            match std::fs::remove_file(&name) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.into());
                }
                Ok(()) | Err(_) => {}
            }
        }
        let connection = open_database(NAME, path, key, Durability::Disposable)?;
        connection
            .execute_batch(SCHEMA)
            .map_err(sql("index schema"))?;
        let index = Self {
            connection,
            was_damaged,
            counting: None,
        };
        index.set_meta("generation", &journal.generation())?;
        index.set_meta("schema", version().as_bytes())?;
        Ok(index)
    }

    fn open_existing(
        path: &Path,
        key: &DatabaseKey,
        journal: &Journal,
    ) -> Result<Option<Self>, StoreError> {
        let connection = open_database(NAME, path, key, Durability::Disposable)?;
        if !check_seals(&connection)?.is_empty() {
            return Err(StoreError::Damaged { database: NAME });
        }
        let index = Self {
            connection,
            was_damaged: false,
            counting: None,
        };
        let is_version = |schema: Option<Vec<u8>>| schema.as_deref() == Some(version().as_bytes());
        let has_schema = index.meta("schema").is_ok_and(is_version);
        let follows =
            has_schema && index.meta("generation")? == Some(journal.generation().to_vec());
        Ok(follows.then_some(index))
    }

    /// Whether it was damaged when it was opened, and made anew: nothing is lost by that, but a disk that changes bytes is worth a word.
    #[must_use]
    pub fn was_damaged(&self) -> bool {
        self.was_damaged
    }

    /// Folds what arrived in the journal since the last call; gives the subjects that changed.
    ///
    /// # Errors
    /// A database's, or an entry that is not one.
    pub fn follow(
        &mut self,
        journal: &Journal,
        roster: Option<&Roster>,
    ) -> Result<Vec<SubjectId>, StoreError> {
        let counting = self.counting(journal, roster)?;
        let mut changed = Vec::new();
        loop {
            let followed = self
                .meta("followed")?
                .and_then(|bytes| bytes.try_into().ok());
            let followed = followed.map_or(0, i64::from_be_bytes);
            let (subjects, last) = journal.subjects_after(followed, FOLLOW_ROWS)?;
            if last == followed {
                return Ok(changed);
            }
            let transaction = self
                .connection
                .unchecked_transaction()
                .map_err(sql("follow"))?;
            for subject in &subjects {
                let folded = fold(*subject, &journal.entries_of_subject(*subject)?, &counting);
                write_subject(&transaction, *subject, folded.as_ref())?;
            }
            put_meta(&transaction, "followed", &last.to_be_bytes())?;
            transaction.commit().map_err(sql("follow"))?;
            changed.extend(subjects);
        }
    }

    /// Which entries of ended chains count. Where that has changed since the last fold, every fold may differ and is made anew.
    fn counting(
        &mut self,
        journal: &Journal,
        roster: Option<&Roster>,
    ) -> Result<Counting, StoreError> {
        let ended = rule_of(roster);
        let before = self.counting.take();
        let is_final = |counting: &Counting| {
            let mut devices = counting.ended();
            devices.all(|device| counting.reaches_start(device))
        };
        let counting = match before {
            // The way back to the start is known: nothing that arrives changes it.
            Some((rule, counting)) if rule == ended && is_final(&counting) => counting,
            Some(_) | None => Counting::of(roster, |device, id| journal.prev_of(device, id))?,
        };
        let rule = counting.rule(ended);
        if self.meta("rule")?.as_deref() != Some(rule.as_bytes()) {
            self.set_meta("followed", &0_i64.to_be_bytes())?;
            self.set_meta("rule", rule.as_bytes())?;
        }
        self.counting = Some((ended, counting.clone()));
        Ok(counting)
    }

    /// A subject as folded; `None` if nothing is known of it.
    ///
    /// # Errors
    /// The database's.
    pub fn folded(&self, subject: SubjectId) -> Result<Option<Folded>, StoreError> {
        let text = "SELECT kind, first_wall_ms, operator, standing, standing_reason,
                        newer, absent, beyond_counting FROM subjects WHERE subject = ?1";
        let mut statement = self
            .connection
            .prepare_cached(text)
            .map_err(sql("subject"))?;
        let found = statement
            .query_row([subject.as_bytes()], |row| {
                let reason: String = row.get(4)?;
                Ok(Folded {
                    subject,
                    kind: Kind::from_number(row.get::<_, i64>(0)? as u64),
                    fields: std::collections::BTreeMap::new(),
                    creates: Vec::new(),
                    first_wall_ms: row.get(1)?,
                    operator: row.get::<_, Option<[u8; 16]>>(2)?.map(SubjectId),
                    standing: match row.get::<_, i64>(3)? {
                        0 => Standing::Stands,
                        1 => Standing::Withdrawn(reason),
                        i64::MIN..0 | 2.. => Standing::Void(reason),
                    },
                    newer: row.get::<_, i64>(5)? as u64,
                    absent: row.get::<_, i64>(6)? as u64,
                    beyond_counting: row.get::<_, i64>(7)? as u64,
                })
            })
            .optional()
            .map_err(sql("subject"))?;
        let Some(mut folded) = found else {
            return Ok(None);
        };
        self.read_heads(&mut folded)?;
        self.read_creates(&mut folded)?;
        Ok(Some(folded))
    }

    /// What hangs on `parent`, of one kind, in the order of lists. Voided and withdrawn records stay listed.
    ///
    /// # Errors
    /// The database's.
    pub fn children(
        &self,
        parent: SubjectId,
        kind: Kind,
        after: Option<&PageCursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, PAGE_MAX);
        let (sort, child) = after.map_or(("", ROOT), |cursor| (cursor.sort.as_str(), cursor.child));
        let text = "SELECT sort, child FROM branches
                    WHERE parent = ?1 AND kind = ?2 AND (sort, child) > (?3, ?4)
                    ORDER BY sort, child LIMIT ?5";
        let mut statement = self.connection.prepare_cached(text).map_err(sql("list"))?;
        let values = params![
            parent.as_bytes(),
            kind.number() as i64,
            sort,
            child.as_bytes(),
            limit as i64
        ];
        let rows = statement.query_map(values, |row| {
            Ok(PageCursor {
                sort: row.get(0)?,
                child: SubjectId(row.get(1)?),
            })
        });
        let rows: Vec<PageCursor> = rows
            .map_err(sql("list"))?
            .collect::<Result<_, _>>()
            .map_err(sql("list"))?;
        let next = (rows.len() == limit)
            .then(|| rows.last().cloned())
            .flatten();
        Ok(Page {
            subjects: rows.into_iter().map(|row| row.child).collect(),
            next,
        })
    }

    /// What a subject is; `None` if no entry of it is known.
    ///
    /// # Errors
    /// The database's.
    pub fn kind_of(&self, subject: SubjectId) -> Result<Option<Kind>, StoreError> {
        let text = "SELECT kind FROM subjects WHERE subject = ?1";
        let mut statement = self.connection.prepare_cached(text).map_err(sql("kind"))?;
        let kind = statement.query_row([subject.as_bytes()], |row| row.get::<_, i64>(0));
        let kind = kind.optional().map_err(sql("kind"))?;
        Ok(kind.map(|number| Kind::from_number(number as u64)))
    }

    /// All that hangs on `parent`, of one kind, in the order of lists, each as `view` shows it: for exports, pages and terminals, which
    /// have no screen to fill.
    ///
    /// # Errors
    /// The database's.
    pub fn all_children<T>(
        &self,
        parent: SubjectId,
        kind: Kind,
        view: impl Fn(&Folded) -> T,
    ) -> Result<Vec<T>, StoreError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.children(parent, kind, after.as_ref(), PAGE_MAX)?;
            for subject in &page.subjects {
                all.extend(self.folded(*subject)?.as_ref().map(&view));
            }
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// All of one kind that hangs on nothing known here, in the order of lists: its owner was not named, or no entry of it has come yet.
    ///
    /// # Errors
    /// The database's.
    pub fn loose<T>(&self, kind: Kind, view: impl Fn(&Folded) -> T) -> Result<Vec<T>, StoreError> {
        let text = "SELECT DISTINCT sort, child FROM branches
                    WHERE kind = ?1 AND NOT EXISTS (
                        SELECT 1 FROM branches AS every
                        JOIN subjects ON subjects.subject = every.parent
                        WHERE every.child = branches.child)
                    ORDER BY sort, child";
        let mut statement = self.connection.prepare_cached(text).map_err(sql("loose"))?;
        let rows = statement.query_map([kind.number() as i64], |row| row.get(1).map(SubjectId));
        let rows = rows.map_err(sql("loose"))?;
        let subjects: Vec<SubjectId> = rows.collect::<Result<_, _>>().map_err(sql("loose"))?;
        let mut all = Vec::new();
        for subject in subjects {
            all.extend(self.folded(subject)?.as_ref().map(&view));
        }
        Ok(all)
    }

    /// How many records of each kind hang on a record.
    ///
    /// # Errors
    /// The database's.
    pub fn counts_on(&self, parent: SubjectId) -> Result<Vec<(Kind, u64)>, StoreError> {
        let text = "SELECT kind, COUNT(*) FROM branches WHERE parent = ?1
                    GROUP BY kind ORDER BY kind";
        let mut statement = self
            .connection
            .prepare_cached(text)
            .map_err(sql("counts"))?;
        let rows = statement.query_map([parent.as_bytes()], |row| {
            let (kind, count) = (row.get::<_, i64>(0)?, row.get::<_, i64>(1)?);
            Ok((Kind::from_number(kind as u64), count as u64))
        });
        let rows = rows.map_err(sql("counts"))?;
        rows.collect::<Result<_, _>>().map_err(sql("counts"))
    }

    /// Records of which each of the asked words begins a key, in the order of ids, behind `after`; only by fields that a reader may read.
    ///
    /// # Errors
    /// The database's.
    pub fn found(
        &self,
        asked: &[String],
        clearance: Sensitivity,
        after: SubjectId,
        limit: usize,
    ) -> Result<Vec<SubjectId>, StoreError> {
        let limit = limit.clamp(1, PAGE_MAX);
        let text = "SELECT DISTINCT subject FROM search_keys
                    WHERE key >= ?1 AND key < ?2 AND sensitivity <= ?3";
        let mut found: Option<BTreeSet<[u8; 16]>> = None;
        for key in asked {
            let mut statement = self.connection.prepare_cached(text).map_err(sql("found"))?;
            let end = format!("{key}{}", char::MAX);
            let values = params![key, end, clearance as i64];
            let rows = statement.query_map(values, |row| row.get::<_, [u8; 16]>(0));
            let rows = rows.map_err(sql("found"))?;
            let these: BTreeSet<[u8; 16]> = rows.collect::<Result<_, _>>().map_err(sql("found"))?;
            found = Some(match found {
                Some(before) => before.intersection(&these).copied().collect(),
                None => these,
            });
        }
        let found = found.unwrap_or_default().into_iter().map(SubjectId);
        Ok(found.filter(|id| *id > after).take(limit).collect())
    }

    /// Every subject of a kind, for lists that hang on nothing and for counting; in the order of ids.
    ///
    /// # Errors
    /// The database's.
    pub fn all_of(&self, kind: Kind) -> Result<Vec<SubjectId>, StoreError> {
        let text = "SELECT subject FROM subjects WHERE kind = ?1 ORDER BY subject";
        let mut statement = self
            .connection
            .prepare_cached(text)
            .map_err(sql("all of"))?;
        let rows = statement.query_map([kind.number() as i64], |row| row.get(0).map(SubjectId));
        rows.map_err(sql("all of"))?
            .collect::<Result<_, _>>()
            .map_err(sql("all of"))
    }

    /// Photos for which no renditions were made yet, nor a reason why there are none.
    ///
    /// # Errors
    /// The database's.
    pub fn photos_without_renditions(&self) -> Result<Vec<SubjectId>, StoreError> {
        let text = "SELECT subject FROM subjects WHERE kind = ?1 AND NOT EXISTS (
                        SELECT 1 FROM branches WHERE parent = subject AND branches.kind = ?2)
                    ORDER BY subject";
        let mut statement = self
            .connection
            .prepare_cached(text)
            .map_err(sql("no renditions"))?;
        let kinds = [
            Kind::Photo.number() as i64,
            Kind::RenditionsMade.number() as i64,
        ];
        let rows = statement.query_map(kinds, |row| row.get(0).map(SubjectId));
        let rows = rows.map_err(sql("no renditions"))?;
        rows.collect::<Result<_, _>>().map_err(sql("no renditions"))
    }

    fn read_heads(&self, folded: &mut Folded) -> Result<(), StoreError> {
        let text = "SELECT field, entry_id, device, lamport, operator, wall_ms, value FROM heads
                    WHERE subject = ?1 ORDER BY field, rank";
        let mut statement = self.connection.prepare_cached(text).map_err(sql("heads"))?;
        let rows = statement
            .query_map([folded.subject.as_bytes()], |row| {
                let value: Vec<u8> = row.get(6)?;
                Ok((row.get::<_, i64>(0)? as u64, head(row)?, value))
            })
            .map_err(sql("heads"))?;
        for row in rows {
            let (field, head, value) = row.map_err(sql("heads"))?;
            let damaged = |_| StoreError::Damaged { database: NAME };
            let value = Value::decode(&value).map_err(damaged)?;
            folded
                .fields
                .entry(field)
                .or_default()
                .push(Head { value, ..head });
        }
        Ok(())
    }

    fn read_creates(&self, folded: &mut Folded) -> Result<(), StoreError> {
        let text = "SELECT entry_id, device FROM creates WHERE subject = ?1 ORDER BY rank";
        let mut statement = self
            .connection
            .prepare_cached(text)
            .map_err(sql("creates"))?;
        let rows = statement.query_map([folded.subject.as_bytes()], |row| {
            Ok((EntryId(Hash32(row.get(0)?)), DeviceId(Hash32(row.get(1)?))))
        });
        let rows = rows.map_err(sql("creates"))?;
        folded.creates = rows.collect::<Result<_, _>>().map_err(sql("creates"))?;
        Ok(())
    }

    fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| {
                row.get(0)
            })
            .optional()
            .map_err(sql("meta"))
    }

    fn set_meta(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        put_meta(&self.connection, name, value)
    }
}

fn head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        entry: EntryId(Hash32(row.get(1)?)),
        device: DeviceId(Hash32(row.get(2)?)),
        lamport: row.get::<_, i64>(3)? as u64,
        operator: row.get::<_, Option<[u8; 16]>>(4)?.map(SubjectId),
        wall_ms: row.get(5)?,
        value: Value::Null,
    })
}

fn put_meta(connection: &Connection, name: &str, value: &[u8]) -> Result<(), StoreError> {
    let text = "INSERT INTO meta (name, value) VALUES (?1, ?2)
                ON CONFLICT DO UPDATE SET value = excluded.value";
    connection
        .execute(text, params![name, value])
        .map_err(sql("meta"))?;
    Ok(())
}

/// Which chains were ended, and where.
fn rule_of(roster: Option<&Roster>) -> Hash32 {
    let lines = roster.map(Roster::ended).unwrap_or_default();
    let lines = lines
        .iter()
        .map(|(device, last)| Value::Array(vec![(*device).into(), last.entry.into()]));
    Hash32::of(&Value::Array(lines.collect()).encode())
}

fn write_subject(
    connection: &Connection,
    subject: SubjectId,
    folded: Option<&Folded>,
) -> Result<(), StoreError> {
    for text in [
        "DELETE FROM subjects WHERE subject = ?1",
        "DELETE FROM heads WHERE subject = ?1",
        "DELETE FROM creates WHERE subject = ?1",
        "DELETE FROM branches WHERE child = ?1",
        "DELETE FROM search_keys WHERE subject = ?1",
    ] {
        connection
            .prepare_cached(text)
            .and_then(|mut statement| statement.execute([subject.as_bytes()]))
            .map_err(sql("clear subject"))?;
    }
    let Some(folded) = folded else { return Ok(()) };
    let (standing, reason) = match &folded.standing {
        Standing::Stands => (0, ""),
        Standing::Withdrawn(reason) => (1, reason.as_str()),
        Standing::Void(reason) => (2, reason.as_str()),
    };
    let text = "INSERT INTO subjects (subject, kind, first_wall_ms, operator, standing,
                    standing_reason, newer, absent, beyond_counting)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let operator = folded.operator.map(|operator| operator.0);
    connection
        .execute(
            text,
            params![
                subject.as_bytes(),
                folded.kind.number() as i64,
                folded.first_wall_ms,
                operator,
                standing,
                reason,
                folded.newer as i64,
                folded.absent as i64,
                folded.beyond_counting as i64
            ],
        )
        .map_err(sql("write subject"))?;
    write_heads(connection, folded)?;
    write_search_keys(connection, folded)?;
    write_branches(connection, folded)
}

fn write_heads(connection: &Connection, folded: &Folded) -> Result<(), StoreError> {
    let text = "INSERT INTO heads (subject, field, rank, entry_id, device, lamport, operator,
                    wall_ms, value)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let mut statement = connection
        .prepare_cached(text)
        .map_err(sql("write heads"))?;
    for (field, heads) in &folded.fields {
        for (rank, head) in (0_i64..).zip(heads) {
            statement
                .execute(params![
                    folded.subject.as_bytes(),
                    *field as i64,
                    rank,
                    head.entry.as_bytes(),
                    head.device.as_bytes(),
                    head.lamport as i64,
                    head.operator.map(|operator| operator.0),
                    head.wall_ms,
                    head.value.encode()
                ])
                .map_err(sql("write heads"))?;
        }
    }
    let text = "INSERT INTO creates (subject, rank, entry_id, device) VALUES (?1, ?2, ?3, ?4)";
    for (rank, (entry, device)) in (0_i64..).zip(&folded.creates) {
        let subject = folded.subject;
        connection
            .execute(
                text,
                params![
                    subject.as_bytes(),
                    rank,
                    entry.as_bytes(),
                    device.as_bytes()
                ],
            )
            .map_err(sql("write creates"))?;
    }
    Ok(())
}

fn write_branches(connection: &Connection, folded: &Folded) -> Result<(), StoreError> {
    let text = "INSERT OR IGNORE INTO branches (parent, kind, sort, child) VALUES (?1, ?2, ?3, ?4)";
    let kind = folded.kind.number() as i64;
    let sort = sort_of(folded);
    for parent in parents_of(folded) {
        connection
            .execute(
                text,
                params![parent.as_bytes(), kind, sort, folded.subject.as_bytes()],
            )
            .map_err(sql("write branches"))?;
    }
    Ok(())
}

/// What it is found by: every value of a field counts, so that nothing in conflict is lost to a search.
fn write_search_keys(connection: &Connection, folded: &Folded) -> Result<(), StoreError> {
    let text = "INSERT OR IGNORE INTO search_keys (key, subject, sensitivity) VALUES (?1, ?2, ?3)";
    let mut statement = connection
        .prepare_cached(text)
        .map_err(sql("write search keys"))?;
    let fields = nouns::noun(folded.kind).map_or(&[][..], |noun| noun.fields);
    for spec in fields.iter().filter(|spec| spec.search != Search::No) {
        for head in folded.fields.get(&spec.number).into_iter().flatten() {
            for key in nouns::keys_of(spec, &head.value) {
                let row = params![key, folded.subject.as_bytes(), spec.sensitivity as i64];
                statement.execute(row).map_err(sql("write search keys"))?;
            }
        }
    }
    Ok(())
}

/// The order of its lists: by the field that its noun's table says, else by the moment, then by id.
fn sort_of(folded: &Folded) -> String {
    let mut fields = nouns::noun(folded.kind)
        .map_or(&[][..], |noun| noun.fields)
        .iter();
    let sorted = fields.find(|spec| spec.is_sort);
    let text = sorted.and_then(|spec| folded.value(spec.number)?.as_text());
    // Shifted so that a clock before 1970 sorts before one after it.
    let moment = (folded.first_wall_ms as u64) ^ (1 << 63);
    text.map_or_else(|| format!("{moment:020}"), str::to_owned)
}

/// Which subjects a subject hangs on: every value of the field counts, so that nothing in conflict disappears from a list.
fn parents_of(folded: &Folded) -> Vec<SubjectId> {
    let heads = parent_fields(folded.kind)
        .into_iter()
        .filter_map(|field| folded.fields.get(&field))
        .flatten();
    let ids = heads.filter_map(|head| {
        SubjectId::from_value(&head.value)
            .or_else(|| SubjectRef::from_value(&head.value).map(|subject| subject.id))
    });
    let mut parents: Vec<SubjectId> = ids.collect();
    if parents.is_empty() {
        parents.push(ROOT);
    }
    parents
}

/// Of a noun, what its table says; of a link, known or of a newer version, both ends; of the one happening that hangs on a record, its photo.
fn parent_fields(kind: Kind) -> Vec<u64> {
    match (nouns::noun(kind), kind.class()) {
        (Some(noun), _) => noun.parents().map(|spec| spec.number).collect(),
        (None, KindClass::Link) => LINK_ENDS.to_vec(),
        (None, KindClass::Happening) if kind == Kind::RenditionsMade => vec![RENDITIONS_PHOTO],
        (None, KindClass::Noun | KindClass::Happening) => Vec::new(),
    }
}

/// Another one than the index was made with: it is made anew, so that what was not understood before finds its place.
fn version() -> Hash32 {
    Hash32::of(format!("{SCHEMA}{}", nouns::reading_rules()).as_bytes())
}

#[cfg(test)]
mod tests;
