-- The rows of `sales` from `line` (one row per line, money in cents) and `choice` (the modifiers of combos), for DuckDB and Spark.
-- Combos fall into the choices of Burger*, Side and Drink; the n-th sauce goes with the n-th burger; gross is shared by list
-- price, discount by gross, taxes by net, cost by gross, each with the largest remainders (ties to the earlier component).
with part as (
  select c.receipt_number, c.line, c.ordinal, c.name as slot, c.option, c.amount, d.name as item, d.item_id, d.variant_id, d.category,
         d.price as list_price, d.known,
         row_number() over (partition by c.receipt_number, c.line order by c.ordinal) as component,
         case when c.name like 'Burger%' then row_number() over (
           partition by c.receipt_number, c.line, c.name like 'Burger%' order by c.ordinal) end as nth
  from choice c left join dish d on d.option = c.option
  where c.name like 'Burger%' or c.name in ('Side', 'Drink')
), burgers as (
  select receipt_number, line, max(nth) as burgers from part group by receipt_number, line
), other as (
  select c.*, row_number() over (partition by c.receipt_number, c.line, c.name order by c.ordinal) as nth
  from choice c where not (c.name like 'Burger%' or c.name in ('Side', 'Drink'))
), placed as (
  select o.*, coalesce(p.component, 1) as component
  from other o left join burgers b on b.receipt_number = o.receipt_number and b.line = o.line
  left join part p on p.receipt_number = o.receipt_number and p.line = o.line and o.name = 'Sauce' and p.nth = least(o.nth, b.burgers)
), extra as (
  select receipt_number, line, component, sum(amount) as extra from placed group by receipt_number, line, component
), costed as (
  select p.*, p.amount + coalesce(e.extra, 0) as own
  from part p left join extra e on e.receipt_number = p.receipt_number and e.line = p.line and e.component = p.component
), weighed as (
  select c.*, l.discount as line_discount, l.included as line_included, l.added as line_added, l.cost_total as line_cost,
         l.gross - sum(c.own) over w as base,
         case when coalesce(sum(c.list_price) over w, 0) = 0 then 1
              else coalesce(c.list_price * count(c.list_price) over w, sum(c.list_price) over w) end as weight
  from costed c join line l on l.receipt_number = c.receipt_number and l.line = c.line
  window w as (partition by c.receipt_number, c.line)
), divided as (
  select *, (base * weight {div} sum(weight) over w) as floor_gross, (base * weight) % sum(weight) over w as rest_gross
  from weighed window w as (partition by receipt_number, line)
), with_gross as (
  select *, own + floor_gross + case when row_number() over (partition by receipt_number, line order by rest_gross desc, component) <= base - sum(floor_gross) over w
            then 1 else 0 end as gross
  from divided window w as (partition by receipt_number, line)
), by_gross as (
  select *, case when sum(gross) over w = 0 then 1 else gross end as weight_gross
  from with_gross window w as (partition by receipt_number, line)
), divided_again as (
  select *, (line_discount * weight_gross {div} sum(weight_gross) over w) as floor_discount,
         (line_discount * weight_gross) % sum(weight_gross) over w as rest_discount,
         (line_cost * weight_gross {div} sum(weight_gross) over w) as floor_cost,
         (line_cost * weight_gross) % sum(weight_gross) over w as rest_cost
  from by_gross window w as (partition by receipt_number, line)
), with_discount as (
  select *, floor_discount + case when row_number() over (partition by receipt_number, line order by rest_discount desc, component)
            <= line_discount - sum(floor_discount) over w then 1 else 0 end as discount,
         floor_cost + case when row_number() over (partition by receipt_number, line order by rest_cost desc, component)
            <= line_cost - sum(floor_cost) over w then 1 else 0 end as cost
  from divided_again window w as (partition by receipt_number, line)
), by_net as (
  select *, case when sum(gross - discount) over w = 0 then 1 else gross - discount end as weight_net
  from with_discount window w as (partition by receipt_number, line)
), divided_last as (
  select *, (line_included * weight_net {div} sum(weight_net) over w) as floor_included,
         (line_included * weight_net) % sum(weight_net) over w as rest_included,
         (line_added * weight_net {div} sum(weight_net) over w) as floor_added,
         (line_added * weight_net) % sum(weight_net) over w as rest_added
  from by_net window w as (partition by receipt_number, line)
), component as (
  select *, floor_included + case when row_number() over (partition by receipt_number, line order by rest_included desc, component)
            <= line_included - sum(floor_included) over w then 1 else 0 end as included,
         floor_added + case when row_number() over (partition by receipt_number, line order by rest_added desc, component)
            <= line_added - sum(floor_added) over w then 1 else 0 end as added
  from divided_last window w as (partition by receipt_number, line)
), modifier as (
  select p.receipt_number, p.line, p.component, {modifiers} as modifiers
  from placed p join line l on l.receipt_number = p.receipt_number and l.line = p.line
  group by p.receipt_number, p.line, p.component
), sold as (
  select l.receipt_number, l.store_id, l.receipt_type, l.is_cancelled, l.sold_at, l.sold_at_local, l.business_day, l.channel, l.line,
         l.item_id, l.variant_id, l.item_name, l.variant_name, l.quantity, l.price, l.unit_cost, l.gross, l.discount, l.included, l.added,
         l.cost_total, l.costed, l.factor, l.modifiers, cast(0 as int) as component, l.item_name as item, cast(null as string) as combo, cast(null as string) as slot,
         cast(0 as bigint) as upgrade, true as is_known, i.category, l.item_name as item_as_sold, l.price as unit_price, false as is_part
  from line l left join item i on i.item_id = l.item_id where not l.is_combo
  union all
  select l.receipt_number, l.store_id, l.receipt_type, l.is_cancelled, l.sold_at, l.sold_at_local, l.business_day, l.channel, l.line,
         c.item_id, c.variant_id, l.item_name, l.variant_name, l.quantity, l.price, cast(null as {unit}) as unit_cost,
         cast(c.gross as bigint), cast(c.discount as bigint), cast(c.included as bigint), cast(c.added as bigint), cast(c.cost as bigint),
         l.costed, l.factor, coalesce(m.modifiers, {none}) as modifiers, cast(c.component as int), coalesce(c.item, c.option),
         l.item_name, c.slot, c.amount, coalesce(c.known, false), c.category, c.option, cast(null as bigint), true
  from component c join line l on l.receipt_number = c.receipt_number and l.line = c.line
  left join modifier m on m.receipt_number = c.receipt_number and m.line = c.line and m.component = c.component
)
select business_day, store_id, receipt_number, receipt_type, is_cancelled, sold_at, sold_at_local, channel, 'MXN' as currency,
       cast(line as int) as line, component, item_id, variant_id, item, variant_name as variant, category, item_as_sold, combo,
       case when is_part then cast(quantity * factor as decimal(18, 4)) end as combo_quantity, case when is_part then cast(price * 0.01 as decimal(18, 2)) end as combo_price,
       slot, cast(upgrade * factor * 0.01 as decimal(18, 2)) as upgrade, is_known, false as is_weighed, cast(quantity * factor as decimal(18, 4)) as quantity,
       cast(quantity * factor as decimal(18, 4)) as units, cast(unit_price * 0.01 as decimal(18, 2)) as unit_price, cast(unit_cost as decimal(24, 6)) as unit_cost,
       cast(gross * factor * 0.01 as decimal(18, 2)) as gross, cast(discount * factor * 0.01 as decimal(18, 2)) as discount, cast((gross - discount) * factor * 0.01 as decimal(18, 2)) as net,
       cast(included * factor * 0.01 as decimal(18, 2)) as tax_included, cast(added * factor * 0.01 as decimal(18, 2)) as tax_added,
       case when costed then cast(cost_total * factor * 0.01 as decimal(18, 2)) end as cost, modifiers, year(business_day) as year, month(business_day) as month
from sold
