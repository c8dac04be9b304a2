"""SQL for DuckDB that judges the chunks of some tables.

A name in braces is a table that the query reads. `matched` has the columns of `matched_schema`, `chunks` is the view
CHUNKS of it. `tenants` has one row per tenant, `days` one per table, `written` one per compacted index. `elsewhere` has
the keys in tables of the same days with other names.

A blob in several tables is judged in the table of its last line (`home`), where the index keeps it longest. The
rules are in docs/decisions/0007-when-a-chunk-may-go.md.
"""

CHUNKS = """
select * exclude (modified, tier_changed), modified * 1000 as modified_ms, tier_changed * 1000 as tier_changed_ms,
    through_ms // 86400000 = day as home
from {matched}
"""

SUSPECTS = """
with excused as (
    -- Within a delete request that is carried out or has just been: those may be out of the index.
    select key from {chunks} join {deletes} d using (tenant)
    where blob and start_ms <= through_ms and end_ms >= from_ms and (due_ms is null or due_ms >= $as_of)
), timed as (
    select chunks.*, t.own_ms, t.shortest_ms, t.hot_ms, t.then_tier,
        d.index_read and coalesce(w.index_read, true) as index_read,
        coalesce(period_ms, t.shortest_ms) as least_ms, coalesce(period_ms, t.longest_ms) as most_ms,
        greatest(modified_ms, case when indexed then greatest(d.index_ms, w.index_ms) end, 0) as written_ms
    from {chunks} chunks
        join {tenants} t using (tenant) join {days} d using (day) left join {written} w using (day, tenant)
), dated as (
    select *,
        least_ms > 0 and $as_of - through_ms > least_ms as expired,
        -- A past moment is judged by a bucket that is looked at now: what expired since may rightly be gone.
        least_ms > 0 and $until - through_ms > least_ms as may_go,
        greatest(through_ms + most_ms, written_ms) + $cycle + $slack as index_due,
        -- Azure counts whole days after the last modification.
        $as_of - modified_ms as blob_age, $until - modified_ms as blob_age_at_read
    from timed
), explained as (
    select *, not indexed and (may_go or key in (select key from excused)) as going,
        not indexed and key in (select key from {elsewhere}) as is_elsewhere
    from dated
)
select key, day, tenant, fingerprint, from_ms, through_ms, checksum, blob, indexed, bytes, modified_ms,
    case
        when indexed and not blob and home and not may_go and through_ms <= $judge_missing then 'chunk-missing'
        when indexed and expired and $as_of > index_due and (home or not blob) then 'retention-overshoot'
        when indexed or not home or modified_ms > $judge_orphans or not index_read then null
        -- It is in an index, of a table that no schema period covers, which is a finding of its own.
        when is_elsewhere then null
        when going and (not expired or $as_of <= index_due + $delay) then null
        when not expired and modified_ms >= $unindexed_since then 'ingester-not-uploading'
        when expired and $markers then 'marker-backlog'
        else 'chunk-orphaned'
    end as fault,
    case
        when not (blob and indexed and home) then null
        when tier = 4 then 'chunk-archived'
        when tier < 4 and greatest(tier, 1) < then_tier and blob_age > hot_ms + $tier_slack then 'tier-too-warm'
        when tier in (2, 3) and (then_tier = 0 or tier > then_tier or blob_age_at_read < hot_ms - 86400000)
            then 'tier-too-cold'
    end as tier_fault,
    case
        -- Of an archived chunk, that it is offline is enough to know.
        when blob and indexed and home and tier in (2, 3) and tier_changed_ms > 0 and period_ms > 0
            and through_ms + period_ms + $delay - tier_changed_ms < [0, 0, 30, 90][tier + 1] * 86400000::bigint
            then 'early-deletion-fee'
    end as fee_fault,
    case
        when fault is not null or may_go or not (blob and home) then null
        when bytes = 0 then 'chunk-empty'
        when bytes < $smallest_chunk then 'chunk-corrupt'
    end as content_fault,
    case
        -- Loki deletes a chunk by the time of its last line.
        when blob and indexed and home and period_ms > 0 and through_ms - from_ms > $kept_longer
            then 'lines-kept-longer'
    end as kept_fault,
    case
        when fault in ('chunk-missing') then 0
        when fault in ('retention-overshoot') then index_due - $cycle - $slack
        when fault is not null then greatest(case when expired then through_ms + most_ms else 0 end, modified_ms)
        else 0
    end as since_ms,
    case
        when tier_fault = 'tier-too-warm' then modified_ms + hot_ms
        else coalesce(tier_changed_ms, 0)
    end as tier_since_ms
from explained
where fault is not null or tier_fault is not null or fee_fault is not null or content_fault is not null
    or kept_fault is not null
"""

SUSPECT_SAMPLE = """
select day, key, tenant, fingerprint, from_ms, through_ms, checksum
from {suspects} where fault = $fault
qualify row_number() over (partition by day order by key) <= $most
"""
# A key is as good as a random number. DuckDB 2.0's `using sample reservoir` loses rows if two threads fill it.

SUSPECT_COUNTS = """
select day, tenant, count(*) from {suspects} where fault = $fault group by all
"""

FOREIGN = """
with missing as materialized (select * from {suspects} where fault = 'chunk-missing')
select missing.day, missing.tenant, owner.tenant as owner, missing.key
from missing join {chunks} owner using (day, fingerprint, from_ms, through_ms, checksum)
where owner.blob and owner.tenant <> missing.tenant
"""
# A chunk's checksum includes its tenant's name, so two tenants never have the same chunk.

COMPLETE = """
select * from {chunks} where not list_contains({left_out}::integer[], day)
"""

CONFIRMED = """
select * replace (case when fault is not null and key in (select key from {confirmed_keys}) then fault end as fault)
from {suspects} where not list_contains({left_out}::integer[], day)
"""

HOLDINGS = """
with faulty as (select key from {confirmed} where fault is not null)
select day, tenant, coalesce(period_ms, own_ms) as period_ms,
    count(*) as chunks, sum(bytes) as bytes,
    count(*) filter (indexed) as indexed,
    coalesce(sum(lines), 0) as lines,
    count(*) filter (indexed and period_ms > 0 and $as_of - through_ms > period_ms) as waiting,
    count(*) filter (not indexed and modified_ms <= $judge_orphans and key not in (select key from faulty)) as deleting,
    count(*) filter (not indexed and modified_ms > $judge_orphans) as young,
    [count(*) filter (tier = 0), count(*) filter (tier = 1), count(*) filter (tier = 2), count(*) filter (tier = 3),
        count(*) filter (tier = 4)] as tier_chunks,
    [sum(case when tier = 0 then bytes else 0 end), sum(case when tier = 1 then bytes else 0 end),
        sum(case when tier = 2 then bytes else 0 end), sum(case when tier = 3 then bytes else 0 end),
        sum(case when tier = 4 then bytes else 0 end)] as tier_bytes,
    min(from_ms) as first_ms, max(through_ms) as last_ms, max(modified_ms) as written_ms,
    coalesce(max(through_ms - from_ms) filter (indexed and period_ms > 0), 0) as kept_longer_ms,
    coalesce(sum(bytes) filter (indexed and period_ms > 0 and through_ms - from_ms > $kept_longer), 0)
        as kept_longer_bytes
from {chunks} join {tenants} using (tenant) where blob and home group by all order by all
"""

DAY_READS = """
with listed as (
    -- A line of this day is kept until the last line of its chunk expires.
    select day, tenant, bytes,
        case when period_ms > 0 then through_ms - greatest(from_ms, day * 86400000::bigint) else 0 end as longer_ms
    from {chunks} where blob and indexed
)
select day, tenant, count(*) as chunks, sum(bytes)::bigint as bytes, max(longer_ms) as kept_longer_ms,
    coalesce(sum(bytes) filter (longer_ms > $kept_longer), 0)::bigint as kept_longer_bytes
from listed group by all order by all
"""

_NAME = """t.name || '/' || lower(to_hex(fingerprint)) || '/' || lower(to_hex(from_ms)) || '-'
    || lower(to_hex(through_ms)) || '-' || lower(to_hex(checksum))"""
_COLUMNS = "day, tenant, fingerprint, from_ms, through_ms, checksum, bytes"
FAULTY = f"""
select fault as class, faults.day, d.name as "table", t.name as tenant, {_NAME} as name, bytes, since_ms,
    through_ms - from_ms as span_ms
from (
    select fault, {_COLUMNS}, since_ms from {{confirmed}}
    union all select tier_fault, {_COLUMNS}, tier_since_ms from {{confirmed}}
    union all select fee_fault, {_COLUMNS}, tier_since_ms from {{confirmed}}
    union all select content_fault, {_COLUMNS}, modified_ms from {{confirmed}}
    union all select kept_fault, {_COLUMNS}, 0 from {{confirmed}}
) faults join {{tenants}} t using (tenant) join {{days}} d using (day) where fault is not null
"""

FAULTS = """
select class as cls, "table", day, tenant, count(*) as count, sum(bytes) as bytes,
    coalesce(min(since_ms) filter (since_ms > 0), 0) / 1000 as since, min(name, 10) as sample,
    max(span_ms) as span_ms
from {faulty} group by all order by all
"""
