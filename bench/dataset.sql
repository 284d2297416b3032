-- A city's year of tickets, made set-based and the same every time. The names between braces are
-- filled in by bench/dataset.py. u(i, what) is a number in [0, 1) that depends on nothing else.
-- Foreign keys are checked at the end, all rows at once.
set local session_replication_role = replica;

create function pg_temp.u(i bigint, what int) returns float8 language sql immutable parallel safe
return (hashint8extended(i, what) & 2147483647)::float8 / 2147483648;

-- UUIDv7 of a moment: 48 bits of milliseconds, the rest from a number.
create function pg_temp.id_at(at timestamptz, number bigint) returns uuid language sql immutable
return (
    lpad(to_hex(floor(extract(epoch from at) * 1000)::bigint), 12, '0')
    || '7' || substr(md5(number::text), 1, 3) || '8' || substr(md5(number::text), 4, 15)
)::uuid;

-- Every row is looked up once in a small table: a hash join, whatever the planner's guess.
set local enable_nestloop = off;

create temp table street as
select u.id, u.name, u.lineage, d.id as district_id, d.code as district_code, d.name as district,
    row_number() over (order by md5(u.code)) - 1 as number
from unit u join unit d on d.id = u.parent_id where u.level = 'STREET';

create temp table office as
select id, name, lineage, row_number() over (order by md5(code)) - 1 as number
from unit where level in ('DEPARTMENT', 'ENTERPRISE') and cardinality(lineage) = 2;

create temp table matter as
select c.code, c.name, row_number() over (order by md5(c.code)) - 1 as number
from category c where not exists (select 1 from category below where below.parent_code = c.code);

insert into citizen (id, phone_cipher, phone_index, masked_phone, name_cipher, masked_name, created_at)
select pg_temp.id_at(timestamptz '{begin}', -i), sha256(convert_to('phone ' || i, 'UTF8')),
    sha256(convert_to('index ' || i, 'UTF8')), '138****' || lpad((i % 10000)::text, 4, '0'),
    sha256(convert_to('name ' || i, 'UTF8')), (array['王','李','张','刘','陈','杨','赵','周'])[i % 8 + 1] || '**',
    timestamptz '{begin}'
from generate_series(0, {citizens} - 1) i;

create temp table staged as
with moment as (
    select i, timestamptz '{begin}' + make_interval(secs => floor(i * {step} + pg_temp.u(i, 1) * {step})) as t0
    from generate_series(0, {tickets} - 1) i
), numbered as (
    select *, (t0 at time zone 'Asia/Shanghai')::date as day,
        row_number() over (partition by (t0 at time zone 'Asia/Shanghai')::date order by i) as number,
        (array['L3','L2','L4','L1'])[width_bucket(pg_temp.u(i, 2), array[0, 0.55, 0.73, 0.97])] as level,
        i < {newest} and pg_temp.u(i, 3) < 0.25 as answered,
        pg_temp.u(i, 4) < 0.12 as to_office
    from moment
), timed as (
    select *, to_char(day, 'YYYYMMDD') || lpad(number::text, 6, '0') as digits,
        t0 + make_interval(mins => 2 + floor(pg_temp.u(i, 5) * 90)::int) as t1,
        case level when 'L1' then interval '2 h' when 'L2' then interval '24 h'
            when 'L3' then interval '7 d' else interval '15 d' end as reply_within
    from numbered
), stepped as materialized (
    select *, floor((select count(*) from street) * power(pg_temp.u(i, 10), 1.8))::bigint as street_number,
        floor((select count(*) from office) * pg_temp.u(i, 11))::bigint as office_number,
        floor((select count(*) from matter) * power(pg_temp.u(i, 12), 2))::bigint as matter_number,
        date_trunc('second', t1 + reply_within * (0.02 + 0.10 * pg_temp.u(i, 6))) as t2,
        date_trunc('second', t1 + reply_within * (0.15 + 0.10 * pg_temp.u(i, 7))) as t3,
        date_trunc('second', t1 + reply_within * (0.30 + 0.75 * pg_temp.u(i, 8))) as t4,
        date_trunc('second', t1 + reply_within * 1.1 + interval '1 d' * (1 + 2 * pg_temp.u(i, 9))) as t5
    from timed
)
select s.*, pg_temp.id_at(t0, i) as id,
    case when i >= {newest} then 6 when pg_temp.u(i, 20) < 0.003 then 0 when pg_temp.u(i, 20) < 0.01 then 1
        when pg_temp.u(i, 20) < 0.03 then 3 when pg_temp.u(i, 20) < 0.05 then 4 else 6 end as stage, {check_digit} as check_digit,
    case when answered then null when to_office then o.id else p.id end as lead_id,
    case when to_office then o.lineage else p.lineage end as lineage,
    p.district_id, p.district_code, p.district, p.name as street,
    m.code as category, m.name as matter,
    pg_temp.id_at(timestamptz '{begin}', -floor({citizens} * power(pg_temp.u(i, 13), 2))::bigint) as citizen_id,
    (array['HELP','COMPLAINT','REPORT','SUGGESTION'])[width_bucket(pg_temp.u(i, 14), array[0, 0.6, 0.9, 0.96])] as wish,
    (array['PHONE','WECHAT_MINI_PROGRAM','APP','WEB','MAILBOX','STATE_COUNCIL_SUPERVISION'])
        [width_bucket(pg_temp.u(i, 15), array[0, 0.7, 0.85, 0.93, 0.97, 0.99])] as channel,
    pg_temp.u(i, 16) < 0.9 as resolved, 3 + floor(pg_temp.u(i, 17) * 28)::int as days
from stepped s
join street p on p.number = street_number
join office o on o.number = office_number
join matter m on m.number = matter_number;

create index on staged (i);
analyze staged;

-- One row an entry of the history, in order, up to the stage that the ticket has reached.
create temp table entry as
with entries (i, stage, at, kind, status, role, subject, remark, detail, public, with_unit) as (
    select i, 0, t0, 'SUBMIT', 'RECEIVED', 'agent', 'agent-' || i % 40, null,
        '{{"level":"' || level || '","route":"' || case when to_office then 'NAMED_UNIT' else 'STREET_NAMED' end || '"}}',
        true, false from staged
    union all
    select i, 1, t1, 'ANSWER', 'ANSWERED', 'agent', 'agent-' || i % 40, null, '{{}}', true, false
    from staged where answered
    union all
    select i, 1, t1, 'DISPATCH', 'DISPATCHED', 'agent', 'agent-' || i % 40, '按地址派往属地街道',
        '{{"copies":[' || case when to_office then '' else '"' || district_code || '"' end || ']}}', true, true
    from staged where not answered
    union all
    select i, 2, t2, 'ACCEPT', 'ACCEPTED', 'handler', 'handler-' || i % 700, null, '{{}}', true, true
    from staged where not answered
    union all
    select i, 3, t3, 'RECORD_CONTACT', 'ACCEPTED', 'handler', 'handler-' || i % 700, '已与市民电话联系，了解现场情况',
        '{{}}', true, true
    from staged where not answered and pg_temp.u(i, 18) < 0.3
    union all
    select i, 4, t4, 'REPLY', 'REPLIED', 'handler', 'handler-' || i % 700, null,
        '{{"resolved":' || resolved || '}}', true, true
    from staged where not answered
    union all
    select i, 5, t5, 'RECORD_CALLBACK', 'REPLIED', 'agent', 'agent-' || i % 40, null,
        '{{"attempt":1,"contacted":true,"outcome":"CLOSE","reached":true,"resolved":' || resolved
            || ',"satisfaction":"' || case when resolved then 'SATISFIED' else 'DISSATISFIED' end || '"}}',
        false, true from staged where not answered
    union all
    select i, 6, t5 + interval '1 s', 'CLOSE', 'CLOSED', 'agent', 'agent-' || i % 40, null,
        '{{"outcome":"CLOSE"}}', true, true from staged where not answered
), placed as (
    select e.*, s.id as ticket_id, case when with_unit then s.lead_id end as unit_id,
        row_number() over (partition by e.i order by e.at) - 1 as position
    from entries e join staged s on s.i = e.i where e.stage <= s.stage
), identified as (
    select *, pg_temp.id_at(at, i * 16 + position + 1000000000) as id from placed
)
select *, convert_to(
    '{{"at":"' || to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '","detail":' || detail
    || ',"id":"' || id || '","kind":"' || kind || '","position":' || position || ',"public":' || public
    || ',"remark":' || coalesce(to_json(remark)::text, 'null') || ',"role":"' || role || '","round":1,"status":"'
    || status || '","subject":"' || subject || '","ticket":"' || ticket_id || '","unit":'
    || coalesce('"' || unit_id || '"', 'null') || '}}', 'UTF8') as written
from identified;

-- The digests of one history follow one another (domain/tickets/history.py).
create temp table chain as
select i, array[{digests}] as digests
from {chain};
analyze chain;

create temp table outcome as
select *, digests[length] as head from (
    select i, max(position) + 1 as length, (array_agg(status order by position desc))[1] as status,
        max(at) filter (where kind = 'DISPATCH') as dispatched_at,
        max(at) filter (where kind = 'ACCEPT') as accepted_at,
        max(at) filter (where kind = 'RECORD_CONTACT') as contacted_at,
        max(at) filter (where kind = 'REPLY') as replied_at,
        max(at) filter (where kind in ('CLOSE', 'ANSWER')) as closed_at
    from entry group by i
) e join chain using (i);
analyze outcome;

insert into ticket (
    id, code, kind, status, level, level_reason, title, content, channel, address, category_code, citizen_id,
    submitter, confidential, lead_unit_id, route_reason, route_explanation, answer, round, urge_count, version,
    submitted_at, dispatched_at, accepted_at, contacted_at, replied_at, closed_at, deadline, profile_version,
    history_length, history_head
)
select s.id, substr(digits, 1, 8) || '-' || substr(digits, 9) || '-' || check_digit,
    case when answered then 'CONSULTATION' else wish end, o.status, level, '按类别的默认等级',
    street || matter || '问题',
    format('%s%s某小区%s号楼附近存在%s的情况，已经持续%s天，影响周边居民的正常生活。市民此前向物业和社区反映过，至今没有明确答复。'
        '希望有关部门尽快到现场核实，说明处理办法和完成时间，并给予答复。', district, street, 1 + i % 60, matter, days),
    channel, district || street || '某小区' || 1 + i % 60 || '号楼', category, citizen_id,
    'agent-' || i % 40, pg_temp.u(i, 19) < 0.03, case when o.dispatched_at is not null then lead_id end,
    case when answered then 'NOTHING_KNOWN' when to_office then 'NAMED_UNIT' else 'STREET_NAMED' end, null,
    case when o.status = 'ANSWERED' then '已按知识库答复。' end, 1, 0, o.length,
    t0, o.dispatched_at, o.accepted_at, o.contacted_at, o.replied_at, o.closed_at,
    o.dispatched_at + reply_within, 1, o.length, o.head
from staged s join outcome o using (i) order by s.i;

insert into ticket_event (
    id, ticket_id, position, kind, status, round, actor_role, actor_subject, unit_id, remark, detail, public, at, digest
)
select id, ticket_id, position, kind, status, 1, role, subject, unit_id, remark, detail::jsonb, public, at, digests[position + 1]
from entry join chain using (i) order by i, position;

insert into assignment (id, ticket_id, unit_id, role, round, reason, assigned_at, accepted_at, ended_at)
select pg_temp.id_at(o.dispatched_at, s.i * 16 + 2000000000 + copy), s.id,
    case when copy = 0 then lead_id else district_id end, case when copy = 0 then 'LEAD' else 'COPY' end,
    1, '按地址派往属地街道', o.dispatched_at, case when copy = 0 then o.accepted_at end, null
from staged s join outcome o using (i), generate_series(0, 1) copy
where o.dispatched_at is not null and (copy = 0 or not to_office) order by s.i;

insert into audience (unit_id, ticket_id)
select seeing, s.id from staged s join outcome o using (i), unnest(s.lineage) seeing
where o.dispatched_at is not null order by 1, 2;

insert into clock_segment (id, ticket_id, position, clock, round, kind, at, detail, cause, deadline)
select pg_temp.id_at(o.dispatched_at, s.i * 16 + 3000000000), s.id, 0, 'REPLY', 1, 'RUN', o.dispatched_at,
    jsonb_build_object('text', '', 'level', level, 'limit', jsonb_build_object('calendar', 'wall', 'limit',
        case level when 'L1' then 'PT2H' when 'L2' then 'PT24H' when 'L3' then 'P7D' else 'P15D' end)),
    'DISPATCH', o.dispatched_at + reply_within
from staged s join outcome o using (i)
where o.dispatched_at is not null and (s.i % 4 = 0 or o.closed_at is null) order by s.i;

insert into reply (id, ticket_id, unit_id, round, content, resolved, replied_at)
select pg_temp.id_at(o.replied_at, s.i * 16 + 4000000000), s.id, lead_id, 1,
    '经现场核实，已安排处置并告知市民处理结果。', resolved, o.replied_at
from staged s join outcome o using (i) where o.replied_at is not null order by s.i;

insert into callback (
    id, ticket_id, unit_id, round, attempt, status, source, due_at, answered_at, contacted, resolved, satisfaction, called_by
)
select pg_temp.id_at(o.replied_at, s.i * 16 + 5000000000), s.id, lead_id, 1, 1,
    case when o.closed_at is null then 'SCHEDULED' else 'ANSWERED' end, 'CALL', t5, o.closed_at,
    case when o.closed_at is not null then true end, case when o.closed_at is not null then s.resolved end,
    case when o.closed_at is not null then case when s.resolved then 'SATISFIED' else 'DISSATISFIED' end end,
    case when o.closed_at is not null then 'agent-' || i % 40 end
from staged s join outcome o using (i) where o.replied_at is not null order by i;

do $$ declare key record; orphans bigint; begin
    for key in
        select c.conrelid::regclass as child, c.confrelid::regclass as parent, a.attname as column, b.attname as target
        from pg_constraint c
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        join pg_attribute b on b.attrelid = c.confrelid and b.attnum = c.confkey[1]
        where c.contype = 'f' and c.connamespace = current_schema()::regnamespace
    loop
        execute format(
            'select count(*) from %s c left join %s p on p.%I = c.%I where c.%I is not null and p.%I is null',
            key.child, key.parent, key.target, key.column, key.column, key.target
        ) into orphans;
        if orphans > 0 then
            raise exception '% rows of % name no row of %', orphans, key.child, key.parent;
        end if;
    end loop;
end $$;
