# SPDX-License-Identifier: GPL-3.0-or-later
"""keyfenced on guard: in observe it tells and cuts nothing; in enforce calls to CN end, those that are new and those that stand, and the
neighbour loses no packet. ESTABLISHED_S: how long a call stands before it is cut (30 for the figure in the notes)."""
import json, os, signal, tempfile, time
from keyfenced import Daemon
from lab import CN, CN6, TW, US, elements, expect, has_lab, lab, nft, passed
from traffic import Call, MediaFlow, MediaServer, Neighbour, TlsServer, call_ends, certificate

ESTABLISHED_S = float(os.environ.get('ESTABLISHED_S', '3'))
IN_CN, IN_US, IN_TW = 'zoomtj12zc.zoom.us', 'zoomsjc12zc.zoom.us', 'zoomtw12zc.zoom.us'

def standing():
    return elements(nft('list', 'ruleset'))

def block_of(d, address, port, **more):
    return d.wait('BLOCK_APPLIED', destination__ip=address, destination__port=port, **more)[-1]

def show_observe(d):
    """One alert for the call to CN; the calls go on, and the kernel has no table."""
    calls = [Call(CN, IN_CN), Call(US, IN_US), Call(TW, IN_TW)]
    alert = d.wait('KEY_REGION')[0]
    expect(alert['event.action'] == 'would_block' and alert['keyfence.would_block'], f'it would be blocked: {alert}')
    expect((alert['source.ip'], alert['destination.ip'], alert['destination.port'], alert['destination.domain'], alert['rule.name']) ==
           ('192.0.2.2', CN, 443, IN_CN, 'keys-never'), f'the alert says who and where: {alert}')
    expect(all(c.hold(1) for c in calls), 'nothing is cut')
    opened = [e for e in d.events() if e['event.kind'] == 'alert' and e['keyfence.alert.state'] == 'opened']
    expect(len(opened) == 1, f'one alert: {[e["message"] for e in opened]}')
    expect(nft('list', 'tables') == '', 'no table exists')
    expect(d.cli('blocks')[0] == 0 and d.cli('unblock', 'all')[0] == 69 and d.cli('pause')[0] == 69, 'there is nothing to unblock or to pause')
    return calls

def show_enforce(d, calls):
    """The policy says enforce from now on: the call that stands is cut, and a new one is."""
    neighbour = Neighbour(8801)
    begin = time.monotonic()
    expect(calls[0].hold(ESTABLISHED_S), 'the call to CN stands')
    d.write_policy(mode='enforce')
    code, said = d.cli('reload')
    expect(code == 0 and 'enforce' in said, f'reload: {code} {said}')
    expect(calls[0].ends_within(3), f'the call that stood for {time.monotonic() - begin:.0f} s is cut')
    told = block_of(d, CN, 443)
    expect(told['keyfence.leak.packets'] > ESTABLISHED_S * 20 and told['keyfence.leak.bytes'] > told['keyfence.leak.packets'] * 40,
           f'it tells what leaked: {told}')
    expect(call_ends(CN, IN_CN, timeout=0.5), 'a second call to the same server is refused')
    expect(call_ends(CN, IN_CN, port=8443), 'a new call is cut')
    expect(call_ends(CN6, IN_CN), 'a new call over IPv6 is cut')
    block_of(d, CN, 8443), block_of(d, CN6, 443)
    expect(calls[1].hold(0.5) and calls[2].hold(0.5), 'the calls to US and TW go on')
    expect(standing() == ['192.0.2.2 . 198.51.100.2 . tcp . 443', '192.0.2.2 . 198.51.100.2 . tcp . 8443',
                          '2001:db8:1::2 . 2001:db8:2::2 . tcp . 443'], f'three elements, as narrow as can be: {standing()}')
    expect(neighbour.lost() == 0, f'the neighbour loses none of {neighbour.flow.sent} packets: {neighbour.lost()}')
    d.until(lambda: [e for e in d.told('KEY_REGION') if e['event.action'] == 'blocked' and not e.get('keyfence.would_block')],
            'an alert says that it was blocked')

def show_media(d, server):
    """Media that runs is cut; counted where they arrive."""
    flow = MediaFlow(CN)
    flow.send(400, 1000)
    block_of(d, CN, 8801, network__transport='udp')
    before = len(server.got)
    flow.send(200, 1000)
    time.sleep(0.1)
    expect(len(server.got) == before < 400, f'no media passes any more: {before}, {len(server.got)}')

def show_flush():
    """Somebody flushes all tables under traffic."""
    neighbour, before = Neighbour(8802, packets=4000), standing()
    for _ in range(10):
        nft('flush', 'ruleset')
        time.sleep(0.03)
        expect(call_ends(CN, IN_CN, timeout=0.5), 'the fence stands')
    expect(standing() == before != [], 'with all its elements')
    expect(neighbour.lost() == 0, 'and the neighbour loses nothing')

def show_control(d):
    """Status, blocks, unblock, pause, resume: what they say, what they do, and the event of each."""
    status = d.status()
    expect(status['mode'] == 'enforce' and status['blocks'] == len(standing()) and status['captures'][0]['dropped'] == 0, f'{status}')
    blocks = [json.loads(line) for line in d.cli('blocks', '--json')[1].splitlines()]
    expect(len(blocks) == len(standing()), f'blocks: {blocks}')
    number = next(str(b['number']) for b in blocks if b['server_port'] == 8443)
    expect(d.cli('unblock', number)[0] == 0, 'unblock by number')
    d.wait('BLOCK_RELEASED', destination__port=8443, user__id=0)
    expect(not any('8443' in e for e in standing()), 'it is gone')
    call = Call(CN, IN_CN, port=8443)
    expect(call.hold(0.5), 'and does not come again with the next call')
    d.wait('BLOCK_REFUSED', destination__port=8443)
    call.close()
    expect(d.cli('pause')[0] == 0, 'pause')
    d.wait('PAUSED', user__id=0)
    d.until(lambda: standing() == [], 'a pause lets go what stands')
    call = Call(CN, IN_CN, port=8444)
    expect(call.hold(0.5), 'a call to CN lives while blocking is paused')
    expect(d.status()['paused'] and 'paused' in d.cli('status')[1], 'status says so')
    expect(d.cli('resume')[0] == 0, 'resume')
    d.wait('RESUMED', user__id=0)
    expect(call_ends(CN, IN_CN), 'blocks are made again')
    call.close()

def show_reload(d):
    """A broken policy changes nothing; one that observes lets go."""
    loaded = len(d.told('POLICY_LOADED'))
    with open(f'{d.folder}/policy.yaml', 'a') as f:
        f.write('regoins: {}\n')
    d.process.send_signal(signal.SIGHUP)
    d.wait('POLICY_REJECTED')
    code, said = d.cli('reload')
    expect(code == 78 and 'regoins' in said and ':22:1: unknown key' in said, f'the mistake goes to the caller: {code} {said}')
    expect(len(d.told('POLICY_LOADED')) == loaded and d.status()['mode'] == 'enforce' and standing() != [], 'the one before stays')
    expect(call_ends(CN, IN_CN, timeout=0.5), 'and still blocks')
    d.write_policy(mode='observe')
    d.process.send_signal(signal.SIGHUP)
    d.wait('POLICY_LOADED', loaded + 1)
    d.until(lambda: nft('list', 'tables') == '', 'there is no table any more')
    call = Call(CN, IN_CN)
    expect(call.hold(0.5), 'a call to CN lives')
    call.close()

def main():
    if not has_lab('openssl'):
        return
    with lab(), tempfile.TemporaryDirectory() as folder:
        pem = certificate(folder)
        for address, port in ((CN, 443), (CN, 8443), (CN, 8444), (CN6, 443), (US, 443), (TW, 443)):
            TlsServer(pem, address, port)
        media = MediaServer(CN)
        d = Daemon(folder).start()
        calls = show_observe(d)
        show_enforce(d, calls)
        show_media(d, media)
        show_flush()
        show_control(d)
        show_reload(d)
        d.write_policy(mode='enforce')
        d.process.send_signal(signal.SIGHUP)
        expect(d.until(lambda: 'keyfence' in nft('list', 'tables'), 'a table again'), 'table')
        expect(not d.told('CAPTURE_DOWN') and not d.told('CAPTURE_LOSS') and not d.told('BLOCK_FAILED'), 'nothing failed')
        d.never_died()
        d.stop()
        expect(nft('list', 'tables') == '', 'no table after SIGTERM')
    passed()

if __name__ == '__main__':
    main()
