/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/host.h"

#include "base/address.h"

static bool is_label_byte(uint8_t b)
{
	uint8_t lower = b | 0x20;
	return (lower >= 'a' && lower <= 'z') || (b >= '0' && b <= '9') || b == '-' || b == '_';
}

bool host_is_name(struct span text)
{
	struct address literal;
	size_t label = 0;
	if (text.len > HOST_NAME_BYTES)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		bool dot = text.at[i] == '.';
		if (dot ? label == 0 : !is_label_byte(text.at[i]))
			return false;
		label = dot ? 0 : label + 1;
	}
	return label > 0 &&
	       !address_parse(text, &literal); /* label is 0 for an empty text and after a last dot */
}

bool host_is_pattern(struct span text)
{
	bool wild = text.len > 2 && text.at[0] == '*' && text.at[1] == '.';
	return host_is_name(wild ? span_of(text.at + 2, text.len - 2) : text);
}
