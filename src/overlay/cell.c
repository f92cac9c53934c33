/* SPDX-License-Identifier: Apache-2.0 */
/* One cell of a spreadsheet, from what people write to what a product has. */
#include "cell.h"

#include "currency.h"

#include <phien/core/mem.h>

#include <strings.h>

static void set_price(struct ph_draft *draft, const struct ph_member *member, const char *cell)
{
    const char *code = draft->product.currency;
    unsigned digits = ph_currency_digits(code);
    int64_t amount;

    if (ph_currency_parse(cell, code, &amount)) {
        ph_draft_set_number(draft, member, amount);
    } else {
        draft->fields |= member->field;
        ph_draft_fault(draft, member->name,
                       digits == 0   ? "is not clear: write it as 45000 or 45.000, without decimals"
                       : digits == 2 ? "is not clear: write it with two decimals, as 12.50 or 12,50"
                                     : "is not clear: write it with three decimals, as 12.500");
    }
}

static void set_count(struct ph_draft *draft, const struct ph_member *member, const char *cell)
{
    int64_t count;

    if (ph_currency_parse_count(cell, &count)) {
        ph_draft_set_number(draft, member, count);
    } else {
        ph_draft_refuse(draft, member);
    }
}

static void set_flag(struct ph_draft *draft, const struct ph_member *member, const char *cell)
{
    static const char *const yes[] = {"true", "1", "yes", "có"};
    static const char *const no[] = {"false", "0", "no", "không"};

    for (size_t i = 0; i < PH_ARRAY_SIZE(yes); i++) {
        if (strcasecmp(cell, yes[i]) == 0 || strcasecmp(cell, no[i]) == 0) {
            ph_draft_set_flag(draft, member, strcasecmp(cell, yes[i]) == 0);
            return;
        }
    }
    ph_draft_refuse(draft, member);
}

void ph_cell_read(struct ph_draft *draft, const struct ph_member *member, const char *cell)
{
    switch (member->kind) {
    case PH_MEMBER_PRICE:
        set_price(draft, member, cell);
        break;
    case PH_MEMBER_COUNT:
        set_count(draft, member, cell);
        break;
    case PH_MEMBER_FLAG:
        set_flag(draft, member, cell);
        break;
    default:
        ph_draft_set_text(draft, member, cell);
        break;
    }
}
