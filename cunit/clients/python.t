#!/usr/bin/perl
# python.t - Python's imaplib and poplib, as many scripts use them
# covers: IM-01 IM-03 IM-09 PO-01 PO-03 PO-10
use strict;
use warnings;
use Test::More;
use Halcyon::Corpus;
use Halcyon::Job;
use Halcyon::Test;

my $i = Halcyon::Test->new(tls => 1, idled => 1, conf => { allowapop => 'yes' });
$i->create_users('alice');
$i->fill('alice', map { Halcyon::Corpus::made($_)->{bytes} } 1 .. 5);
my $w = Halcyon::Job->new($i);

sub python {
    my ($what, $script) = @_;
    my $r = $w->run([ 'python3', '-W', 'ignore', $w->file('script.py', $script, 0644) ]);
    is($r->{status}, 0, $what) or diag(Halcyon::Job::told($r));
    return $r->{out};
}

is(python('imaplib', <<"EOT"), "done\n", 'every step held');
import imaplib, ssl, time
m = imaplib.IMAP4('127.0.0.1', $i->{port}{imap})
assert 'LITERAL+' in m.capabilities, m.capabilities
context = ssl.create_default_context(cafile='${\$i->path('conf', 'cert.pem')}')
context.check_hostname = False
assert m.starttls(context)[0] == 'OK'
m.login('alice', 'secret')
assert b'IDLE' in m.capability()[1][0].split(), m.capability()
assert m.namespace()[1][0] == b'(("INBOX." ".")) (("user." ".")) (("" "."))', m.namespace()
typ, data = m.select('INBOX')
assert (typ, data) == ('OK', [b'5']), data
typ, data = m.uid('SEARCH', None, 'SUBJECT', '"message 3"')
assert data == [b'3'], data
typ, data = m.fetch('2', '(FLAGS INTERNALDATE BODY.PEEK[])')
assert b'Message-ID: <made.2\@example.org>' in data[0][1]
assert imaplib.Internaldate2tuple(data[0][0] + data[1]) is not None, data[0][0]
typ, data = m.store('1:2', '+FLAGS', '(\\\\Seen \$Work)')
assert [imaplib.ParseFlags(d) for d in data][1][-1] == b'\$Work' or b'\$Work' in data[1], data
typ, data = m.append('INBOX', '(\\\\Flagged)', imaplib.Time2Internaldate(1420070400), b'Subject: appended\\r\\n\\r\\nbody\\r\\n')
assert typ == 'OK' and b'APPENDUID' in data[0], data
m.noop()
assert m.response('EXISTS')[1][-1] == b'6'
assert m.create('INBOX.New')[0] == 'OK'
assert m.subscribe('INBOX.New')[0] == 'OK'
assert m.copy('1:3', 'INBOX.New')[0] == 'OK'
assert b'INBOX.New' in m.lsub()[1][0]
assert m.status('INBOX.New', '(MESSAGES UIDNEXT)')[1][0].endswith(b'(MESSAGES 3 UIDNEXT 4)')
m.store('1', '+FLAGS', '\\\\Deleted')
assert m.expunge()[1] == [b'1']
assert m.rename('INBOX.New', 'INBOX.Newer')[0] == 'OK'
assert m.getacl('INBOX.Newer')[1][0].split()[1:] == [b'alice', b'lrswipkxtecdan'], m.getacl('INBOX.Newer')
assert m.getquotaroot('INBOX')[0] == 'OK'
assert m.delete('INBOX.Newer')[0] == 'OK'
# IDLE: another connection appends, this one is told
tag = m._new_tag()
m.send(tag + b' IDLE\\r\\n')
assert m.readline().startswith(b'+ ')
o = imaplib.IMAP4('127.0.0.1', $i->{port}{imap})
o.login('alice', 'secret')
o.append('INBOX', None, None, b'Subject: second\\r\\n\\r\\nbody\\r\\n')
m.sock.settimeout(20)
while not m.readline().endswith(b'EXISTS\\r\\n'):
    pass
m.send(b'DONE\\r\\n')
while not m.readline().startswith(tag + b' OK'):
    pass
m.close()
m.logout()
o.logout()
try:
    imaplib.IMAP4('127.0.0.1', $i->{port}{imap}).login('alice', 'wrong')
    raise SystemExit('a wrong password was accepted')
except imaplib.IMAP4.error:
    pass
print('done')
EOT

is(python('poplib', <<"EOT"), "done\n", 'every step held');
import poplib, ssl
p = poplib.POP3('127.0.0.1', $i->{port}{pop3})
caps = p.capa()
assert 'UIDL' in caps and 'TOP' in caps and 'STLS' in caps, caps
context = ssl.create_default_context(cafile='${\$i->path('conf', 'cert.pem')}')
context.check_hostname = False
p.stls(context)
p.user('alice')
p.pass_('secret')
n, size = p.stat()
assert n == 6, n
resp, lines, octets = p.list()
assert sum(int(l.split()[1]) for l in lines) == size
uidl = p.uidl()[1]
assert len(set(u.split()[1] for u in uidl)) == 6
assert b'Message-ID: <made.2\@example.org>' in p.retr(1)[1]
resp, lines, octets = p.top(2, 0)
assert lines[-1] == b'' and b'Message-ID: <made.3\@example.org>' in lines, lines
p.dele(1)
p.rset()
p.dele(2)
p.quit()
p = poplib.POP3('127.0.0.1', $i->{port}{pop3})
assert '<' in p.getwelcome().decode()
p.apop('alice', 'secret')
assert p.stat()[0] == 5
assert p.uidl()[1][0].split()[1] == uidl[0].split()[1]
assert p.uidl()[1][1].split()[1] == uidl[2].split()[1]
p.quit()
p = poplib.POP3_SSL('localhost', $i->{port}{pop3s}, context=context)
p.user('alice')
try:
    p.pass_('wrong')
    raise SystemExit('a wrong password was accepted')
except poplib.error_proto:
    pass
print('done')
EOT

is($i->faults, '', 'no process reported a fault');
done_testing();
