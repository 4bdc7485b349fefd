"""The parts of libspandsp.so.2 (Debian's libspandsp2 0.0.6) that the exchange uses, by ctypes.

Later versions have other callback signatures, so the soname is asked for by its number.
"""

import ctypes as c

FRAME = 160
"""Samples in 20 ms of telephone sound."""
Sound = c.c_int16 * FRAME

pointer, number = c.c_void_p, c.c_int
AtTransmit = c.CFUNCTYPE(number, pointer, pointer, c.POINTER(c.c_ubyte), c.c_size_t)
ModemControl = c.CFUNCTYPE(number, pointer, pointer, number, c.c_void_p)
T38Transmit = c.CFUNCTYPE(number, pointer, pointer, pointer, number, number)
PhaseD = c.CFUNCTYPE(number, pointer, pointer, number)
PhaseE = c.CFUNCTYPE(None, pointer, pointer, number)
Log = c.CFUNCTYPE(None, number, c.c_char_p)

ALERTING, CONNECTED, ANSWERED, BUSY, NO_DIALTONE, NO_ANSWER, HANGUP = range(1, 8)
OP_CALL, OP_ANSWER, OP_HANGUP, OP_OFFHOOK, OP_ONHOOK, OP_DTR, OP_RTS, OP_CTS = range(8)
RESOLUTIONS = 0x20000 | 0x07
SIZES = 0x01 | 0x10000 | 0x20000 | 0x80000 | 0x100000
WARNINGS = 2

_library = c.CDLL("libspandsp.so.2", use_errno=True)


class Statistics(c.Structure):
    """`t30_stats_t`."""

    NAMES = (
        *("bit_rate", "error_correcting_mode", "pages_tx", "pages_rx", "pages_in_file", "x_resolution"),
        *("y_resolution", "width", "length", "image_size", "encoding", "bad_rows", "longest_bad_row_run"),
        *("error_correcting_mode_retries", "current_status"),
    )
    _fields_ = (*((name, number) for name in NAMES), ("reserve", number * 16))


def _function(name, result, *arguments):
    found = getattr(_library, name)
    found.restype, found.argtypes = result, list(arguments)
    return found


t31_init = _function("t31_init", pointer, pointer, AtTransmit, pointer, ModemControl, pointer, T38Transmit, pointer)
t31_call_event = _function("t31_call_event", None, pointer, number)
t31_at_rx = _function("t31_at_rx", number, pointer, c.c_char_p, number)
t31_rx = _function("t31_rx", number, pointer, pointer, number)
t31_tx = _function("t31_tx", number, pointer, pointer, number)
t31_set_transmit_on_idle = _function("t31_set_transmit_on_idle", None, pointer, number)
t31_get_logging_state = _function("t31_get_logging_state", pointer, pointer)
fax_init = _function("fax_init", pointer, pointer, number)
fax_free = _function("fax_free", number, pointer)
fax_rx = _function("fax_rx", number, pointer, pointer, number)
fax_tx = _function("fax_tx", number, pointer, pointer, number)
fax_set_transmit_on_idle = _function("fax_set_transmit_on_idle", None, pointer, number)
fax_get_t30_state = _function("fax_get_t30_state", pointer, pointer)
fax_get_logging_state = _function("fax_get_logging_state", pointer, pointer)
t30_get_logging_state = _function("t30_get_logging_state", pointer, pointer)
t30_set_rx_file = _function("t30_set_rx_file", None, pointer, c.c_char_p, number)
t30_set_tx_file = _function("t30_set_tx_file", None, pointer, c.c_char_p, number, number)
t30_set_tx_ident = _function("t30_set_tx_ident", number, pointer, c.c_char_p)
t30_get_rx_ident = _function("t30_get_rx_ident", c.c_char_p, pointer)
t30_set_ecm_capability = _function("t30_set_ecm_capability", number, pointer, number)
t30_set_supported_modems = _function("t30_set_supported_modems", number, pointer, number)
t30_set_supported_compressions = _function("t30_set_supported_compressions", number, pointer, number)
t30_set_supported_resolutions = _function("t30_set_supported_resolutions", number, pointer, number)
t30_set_supported_image_sizes = _function("t30_set_supported_image_sizes", number, pointer, number)
t30_set_phase_d_handler = _function("t30_set_phase_d_handler", None, pointer, PhaseD, pointer)
t30_set_phase_e_handler = _function("t30_set_phase_e_handler", None, pointer, PhaseE, pointer)
t30_get_transfer_statistics = _function("t30_get_transfer_statistics", None, pointer, c.POINTER(Statistics))
t30_terminate = _function("t30_terminate", None, pointer)
t30_completion_code_to_str = _function("t30_completion_code_to_str", c.c_char_p, number)
span_log_set_level = _function("span_log_set_level", number, pointer, number)
span_log_set_message_handler = _function("span_log_set_message_handler", None, pointer, Log)
span_set_message_handler = _function("span_set_message_handler", None, Log)


@Log
def nothing_said(_level, _text):
    """Spandsp prints to stderr unless somebody listens."""


def quiet(logging_state) -> None:
    span_log_set_message_handler(logging_state, nothing_said)
    span_log_set_level(logging_state, WARNINGS)


def silence(buffer, start: int = 0) -> None:
    c.memset(c.addressof(buffer) + 2 * start, 0, 2 * (FRAME - start))


def statistics_of(t30) -> dict[str, int]:
    found = Statistics()
    t30_get_transfer_statistics(t30, c.byref(found))
    return {name: getattr(found, name) for name in Statistics.NAMES}
