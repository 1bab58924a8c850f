package FaultTree;
# FaultTree - a copy of an instance's files that can be put back quickly after each trial
#
#   my $t = FaultTree->copy($instance->{dir}, $where);    # configuration speaks of the new place
#   $t->damage(...), run programs ...
#   $t->restore;                                          # only what changed is written again
#
# A file counts as changed when inode, size, change time or modification time are others; times of
# modification are put back too, because a mailbox index says by its time whether it was checked.
use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use Time::HiRes ();
use FaultLab;

# The stopped instance is copied.  Sockets and what only lives while it runs are left out.
sub copy {
    my ($class, $from, $where) = @_;
    my $dir = FaultLab::new_dir($where);
    system("cp -a --no-target-directory '$from' '$dir' && rm -rf '$dir'/run/* '$dir'/conf/socket/* '$dir'/conf/proc/*") == 0
        or die "cp $from $dir failed";
    for my $conf ("$dir/imapd.conf", "$dir/cyrus.conf") {
        my $text = FaultLab::slurp($conf);
        $text =~ s/\Q$from\E/$dir/g;
        FaultLab::spew($conf, $text);
    }
    my $self = bless { dir => $dir }, $class;
    $self->snapshot;
    return $self;
}

sub _stamp { my ($path) = @_; return join ':', (Time::HiRes::lstat($path))[1, 7, 9, 10] }

# All files and directories below the two places that matter, with their state.
sub _walk {
    my ($self) = @_;
    my (%file, %dir);
    my @todo = ('conf', 'spool');
    while (defined(my $rel = shift @todo)) {
        $dir{$rel} = 1;
        opendir my $dh, "$self->{dir}/$rel" or next;
        for my $name (readdir $dh) {
            next if $name eq '.' || $name eq '..';
            my @st = Time::HiRes::lstat("$self->{dir}/$rel/$name") or next;
            if (($st[2] & 0170000) == 0040000) { push @todo, "$rel/$name" }
            else { $file{"$rel/$name"} = join ':', @st[1, 7, 9, 10] }
        }
    }
    return (\%file, \%dir);
}

sub snapshot {
    my ($self) = @_;
    my ($file, $dir) = $self->_walk;
    $self->{dirs} = $dir;
    $self->{files} = {};
    for my $rel (keys %$file) {
        my @st = Time::HiRes::lstat("$self->{dir}/$rel");
        $self->{files}{$rel} = { bytes => FaultLab::slurp("$self->{dir}/$rel") // '', mode => $st[2] & 07777,
                                 uid => $st[4], gid => $st[5], mtime => $st[9], stamp => $file->{$rel} };
    }
}

sub path { my ($self, $rel) = @_; return "$self->{dir}/$rel" }

sub bytes { my ($self, $rel) = @_; return $self->{files}{$rel}{bytes} }

# Names of files (below conf and spool) that are not as they were.
sub changed {
    my ($self) = @_;
    my ($file) = $self->_walk;
    my %all = (%$file, %{ $self->{files} });
    return sort grep { ($file->{$_} // '') ne ($self->{files}{$_} ? $self->{files}{$_}{stamp} : '-') } keys %all;
}

sub _own {
    my ($rel, $path, $o) = @_;
    chmod $o->{mode}, $path;
    chown $o->{uid}, $o->{gid}, $path if $> == 0;
}

sub _put {
    my ($self, $rel) = @_;
    my ($o, $path) = ($self->{files}{$rel}, $self->path($rel));
    FaultLab::spew($path, $o->{bytes});
    _own($rel, $path, $o);
    Time::HiRes::utime($o->{mtime}, $o->{mtime}, $path);
    $o->{stamp} = _stamp($path);
}

sub restore {
    my ($self) = @_;
    my ($file, $dir) = $self->_walk;
    for my $rel (grep { !$self->{files}{$_} } keys %$file) { unlink $self->path($rel) }
    for my $rel (sort { length $b <=> length $a } grep { !$self->{dirs}{$_} } keys %$dir) { rmdir $self->path($rel) }
    my ($uid, $gid) = (stat $self->path('conf'))[4, 5];
    for my $rel (sort grep { !$dir->{$_} } keys %{ $self->{dirs} }) {
        make_path($self->path($rel), { mode => 0755 });
        chown $uid, $gid, $self->path($rel) if $> == 0;
    }
    for my $rel (keys %{ $self->{files} }) {
        $self->_put($rel) if ($file->{$rel} // '') ne $self->{files}{$rel}{stamp};
    }
}

# Replace the bytes of a file; its time of modification stays, as when a disk forgets.
sub put_bytes {
    my ($self, $rel, $bytes) = @_;
    my ($o, $path) = ($self->{files}{$rel}, $self->path($rel));
    FaultLab::spew($path, $bytes);
    Time::HiRes::utime($o->{mtime}, $o->{mtime}, $path);
}

sub flip {
    my ($self, $rel, $at, $bit) = @_;
    my $bytes = $self->bytes($rel);
    substr($bytes, $at, 1) ^= chr(1 << $bit);
    $self->put_bytes($rel, $bytes);
}

sub cut {
    my ($self, $rel, $length) = @_;
    $self->put_bytes($rel, substr $self->bytes($rel), 0, $length);
}

sub drop { my ($self) = @_; FaultLab::drop_dir($self->{dir}) }

1;
