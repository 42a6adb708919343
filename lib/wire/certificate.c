/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/certificate.h"

#include "wire/host.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_UTF8 = 0x0C,
	DER_PRINTABLE = 0x13,
	DER_TELETEX = 0x14,
	DER_IA5 = 0x16,
	DER_BMP = 0x1E,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
	DER_DNS_NAME = 0x82,   /* GeneralName [2] */
	DER_VERSION = 0xA0,    /* TBSCertificate [0] */
	DER_EXTENSIONS = 0xA3, /* TBSCertificate [3] */
};
/* OIDs: id-at-commonName 2.5.4.3, id-ce-subjectAltName 2.5.29.17 (RFC 5280 appendix A). */
#define OID_COMMON_NAME span_text("\x55\x04\x03")
#define OID_ALTERNATIVES span_text("\x55\x1d\x11")

enum { EXTENSIONS = 32, SUBJECT_PARTS = 64, GENERAL_NAMES = 1024 };

/* Lengths are DER: shortest form, never indefinite, at most two octets (RFC 5280 needs no more in 16 KiB). */
static size_t take_length(struct cursor *c)
{
	uint32_t first = cursor_uint(c, 1);
	if (first < 0x80)
		return first;
	uint32_t octets = first & 0x7F;
	if (octets < 1 || octets > 2) {
		cursor_fail(c);
		return 0;
	}
	uint32_t length = cursor_uint(c, octets);
	if (length < (octets == 1 ? 0x80u : 0x100u))
		cursor_fail(c);
	return length;
}

/* The next element of any tag but the two-byte ones, which no certificate has. */
static struct span take_any(struct cursor *c, uint32_t *ret_tag)
{
	*ret_tag = cursor_uint(c, 1);
	if ((*ret_tag & 0x1F) == 0x1F)
		cursor_fail(c);
	return cursor_take(c, take_length(c));
}

static struct span take(struct cursor *c, enum der_tag want)
{
	uint32_t tag;
	struct span value = take_any(c, &tag);
	if (tag != (uint32_t)want)
		cursor_fail(c);
	return value;
}

static bool next_is(const struct cursor *c, enum der_tag tag)
{
	return cursor_more(c) && c->rest.at[0] == (uint8_t)tag;
}

static bool is_string(uint32_t tag)
{
	return tag == DER_UTF8 || tag == DER_PRINTABLE || tag == DER_TELETEX || tag == DER_IA5 ||
	       tag == DER_BMP;
}

/* AttributeTypeAndValue: SEQUENCE { OID, value } */
static bool read_attribute(struct cursor *set, struct certificate *ret)
{
	struct cursor pair = cursor_of(take(set, DER_SEQUENCE));
	struct span oid = take(&pair, DER_OID);
	uint32_t tag;
	struct span value = take_any(&pair, &tag);
	bool whole = cursor_ok(set) && cursor_ok(&pair) && pair.rest.len == 0;
	if (whole && is_string(tag) && span_equal(oid, OID_COMMON_NAME))
		ret->common_name = value;
	return whole;
}

/* Name: SEQUENCE OF SET OF AttributeTypeAndValue. Of several CN the last counts: it is the most specific. */
static bool read_subject(struct span name, struct certificate *ret)
{
	struct cursor sets = cursor_of(name);
	for (unsigned parts = 0; cursor_more(&sets);) {
		struct cursor set = cursor_of(take(&sets, DER_SET));
		while (cursor_more(&set))
			if (++parts > SUBJECT_PARTS || !read_attribute(&set, ret))
				return false;
	}
	return cursor_ok(&sets);
}

/* GeneralNames: SEQUENCE OF GeneralName. Mail addresses, URIs and addresses are passed over. */
static bool read_alternatives(struct span value, struct certificate *ret)
{
	struct cursor outer = cursor_of(value);
	struct cursor names = cursor_of(take(&outer, DER_SEQUENCE));
	unsigned all = 0, hosts = 0;
	while (cursor_more(&names)) {
		uint32_t tag;
		struct span name = take_any(&names, &tag);
		if (++all > GENERAL_NAMES)
			return false;
		bool heard = cursor_ok(&names) && tag == DER_DNS_NAME && hosts++ < CERTIFICATE_NAMES;
		if (heard && ret->name_count < FINDING_NAMES && host_is_pattern(name))
			ret->name[ret->name_count++] = name;
	}
	return cursor_ok(&outer) && cursor_ok(&names) && outer.rest.len == 0;
}

/* Extension: SEQUENCE { OID, critical BOOLEAN?, OCTET STRING } */
static bool read_extension(struct cursor *list, struct certificate *ret, bool *ret_san)
{
	struct cursor one = cursor_of(take(list, DER_SEQUENCE));
	struct span oid = take(&one, DER_OID);
	if (next_is(&one, DER_BOOLEAN))
		take(&one, DER_BOOLEAN);
	struct span value = take(&one, DER_OCTETS);
	if (!cursor_ok(list) || !cursor_ok(&one) || one.rest.len != 0)
		return false;
	if (!span_equal(oid, OID_ALTERNATIVES))
		return true;
	if (*ret_san) /* RFC 5280 s4.2: no extension twice */
		return false;
	*ret_san = true;
	return read_alternatives(value, ret);
}

static bool read_extensions(struct span value, struct certificate *ret, bool *ret_san)
{
	struct cursor outer = cursor_of(value);
	struct cursor list = cursor_of(take(&outer, DER_SEQUENCE));
	for (unsigned n = 0; cursor_more(&list); n++)
		if (n == EXTENSIONS || !read_extension(&list, ret, ret_san))
			return false;
	return cursor_ok(&outer) && cursor_ok(&list) && outer.rest.len == 0;
}

/* TBSCertificate up to its last field. The unique identifiers [1] and [2] are long out of use, but allowed.
 */
static bool read_body(struct span body, struct certificate *ret)
{
	struct cursor c = cursor_of(body);
	bool san = false;
	if (next_is(&c, DER_VERSION))
		take(&c, DER_VERSION);
	take(&c, DER_INTEGER);  /* serial */
	take(&c, DER_SEQUENCE); /* algorithm */
	take(&c, DER_SEQUENCE); /* issuer */
	take(&c, DER_SEQUENCE); /* validity */
	struct span subject = take(&c, DER_SEQUENCE);
	take(&c, DER_SEQUENCE); /* key */
	if (!cursor_ok(&c) || !read_subject(subject, ret))
		return false;
	while (cursor_more(&c)) {
		uint32_t tag;
		struct span value = take_any(&c, &tag);
		if (tag == DER_EXTENSIONS && (c.rest.len != 0 || !read_extensions(value, ret, &san)))
			return false;
	}
	if (!san && host_is_pattern(ret->common_name))
		ret->name[ret->name_count++] = ret->common_name;
	return cursor_ok(&c);
}

enum wire_result certificate_parse(struct span der, struct certificate *ret)
{
	if (der.len == 0 || der.at[0] != DER_SEQUENCE)
		return WIRE_OTHER;
	struct cursor c = cursor_of(der), whole = cursor_of(take(&c, DER_SEQUENCE));
	struct span body = take(&whole, DER_SEQUENCE);
	struct certificate cert = { 0 };
	if (der.len > CERTIFICATE_BYTES || !cursor_ok(&c) || c.rest.len != 0 || !cursor_ok(&whole))
		return WIRE_BROKEN;
	if (!read_body(body, &cert))
		return WIRE_BROKEN;
	*ret = cert;
	return WIRE_MATCH;
}
